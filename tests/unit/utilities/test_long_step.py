"""What takes minutes shows that it lives, keeps all that was said, and leaves nothing running behind it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import signs_of_life
from config.signs_of_life import SignsOfLife, working
from utilities.local_servers import long_step
from utilities.local_servers.long_step import last_sign, main, run_long_step


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look is shown, and the first comes at once."""
    monkeypatch.setattr(signs_of_life, "SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(long_step, "SECONDS_BETWEEN_LOOKS", 0.01)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "   Compiling a v1\r    Building [=>      ] 4/46: serde, libc(build)   ",
            "4 of 46 crates, now serde, libc(build)",
        ),
        ("   Compiling serde v1.0.219\n", "Compiling serde v1.0.219"),
        ("[INFO] Scanning\nDownloading from central: https://repo/org/a/b/1/b-1.jar\n[INFO]\n", "b-1.jar"),
        ("Collecting pyspark==4.2.0 (from -r requirements.txt (line 9))\n", "Collecting pyspark==4.2.0"),
        ("Collecting x\n  Downloading x-4.2.0.tar.gz (434.1 MB)\n", "Downloading x-4.2.0.tar.gz (434.1 MB)"),
        ("  Downloading https://files/aa/x-1-py3.whl.metadata (12 kB)\n", "Downloading x-1-py3.whl.metadata (12 kB)"),
        ("  Building wheel for pyspark (pyproject.toml): started\n", "building pyspark"),
        ("Get:7 http://deb.debian.org/debian bookworm/main amd64 maven all 3.8.7 [19 kB]\n", "downloading maven"),
        ("INFO  [alembic.runtime.migration] Running upgrade a1 -> b2, add columns\n", "migrating, add columns"),
        ("Setting up maven (3.8.7-1) ...\n", "Setting up maven"),
        ("nothing that is known\n", "begins"),
        ("", "begins"),
    ],
)
def test_what_the_tools_say_is_shown_as_a_person_reads_it(said: str, shown: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(said)
    assert last_sign(log) == shown


def test_a_step_shows_what_it_does_and_how_much_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    goon, grown = tmp_path / "go on", tmp_path / "grown"
    grown.mkdir()
    os.mkfifo(goon)
    script = f"echo Collecting everything; head -c 5000000 /dev/zero > '{grown}/part'; read -r _ < '{goon}'"
    writer: list[subprocess.Popen[bytes]] = []

    class Watched(SignsOfLife):
        def show(self, now: str) -> None:
            super().show(now)
            if "5 MB" in now and not writer:
                writer.append(subprocess.Popen(["sh", "-c", f"echo > '{goon}'"]))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(long_step, "SignsOfLife", Watched)
        assert run_long_step(["sh", "-c", script], tmp_path / "log", [grown]) == 0
    writer[0].wait()
    assert "s, 5 MB written, Collecting everything\n" in capsys.readouterr().err


def test_a_step_that_fails_ends_with_its_own_status_and_the_end_of_its_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    command = ["sh", "-c", "echo first; seq 100; echo the reason >&2; exit 7"]
    assert main(["--doing", "installing it", "--log", str(log), "--", *command]) == 7
    printed = capsys.readouterr().err.splitlines()
    assert printed[0] == "millrace: installing it"
    assert "the reason" in printed and "first" not in printed
    assert printed[-1] == f"millrace: failed; all of its output is in {log}"
    assert log.read_text().startswith("first\n")


def test_an_interrupted_step_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = tmp_path / "pid"

    class Interrupted(SignsOfLife):
        def show(self, now: str) -> None:
            if pid.exists() and pid.read_text():
                raise KeyboardInterrupt

    monkeypatch.setattr(long_step, "SignsOfLife", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_long_step(["sh", "-c", f"echo $$ > '{pid}'; exec sleep 600"], tmp_path / "log")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_step_gets_no_input_that_is_meant_for_the_command_behind_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    module = [sys.executable, "-m", "utilities.local_servers.long_step", "--doing", "x", "--log", str(log), "--", "cat"]
    subprocess.run(module, input=b"SELECT 1", check=True, cwd=Path(long_step.__file__).parents[2])
    assert log.read_bytes() == b""


def test_a_silent_block_ends_without_a_sign_left_behind(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError), working("counting"):
        raise RuntimeError
    assert "counting" not in capsys.readouterr().err
