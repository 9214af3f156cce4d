"""The MongoDB-protocol server's fallback: an installation is complete or it is made again, and root is avoided."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from config.secret_settings import SecretSettings
from utilities.local_servers import artifacts
from utilities.local_servers.artifacts import Artifacts, missing_rust
from utilities.local_servers.mongodb import _open_to_others, mongodb
from utilities.local_servers.settings import LocalServerSettings

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="whoever is not root has the servers run as himself")


class Killed(BaseException):
    pass


def test_an_installation_that_was_killed_is_made_again_and_a_complete_one_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken: list[str] = []
    killed = [True, False]

    def run(command: list[str], log: Path, watch: Sequence[Path] = ()) -> None:
        step = "venv" if "venv" in command else "pip"
        taken.append(step)
        if step == "venv":
            Path(command[-1]).mkdir(exist_ok=True)
        elif killed.pop(0):
            raise Killed

    monkeypatch.setattr(artifacts, "_run", run)
    monkeypatch.setattr(artifacts, "missing_rust", lambda: "no Rust was found")
    installed = Artifacts(tmp_path)
    with pytest.raises(Killed):
        installed.ensure_mongodb()
    installed.ensure_mongodb()
    installed.ensure_mongodb()
    assert taken == ["venv", "pip", "venv", "pip"]


@pytest.mark.parametrize(
    ("cargo", "rustc", "reason"),
    [
        ("echo cargo 1.98.0", "echo 'rustc 1.98.0 (abc 2026-01-01)'", None),
        ("echo cargo 1.80.0", "echo 'rustc 1.80.0'", "no Rust >= 1.95 was found: this is rustc 1.80.0"),
        (None, "echo 'rustc 1.98.0'", "no Rust >= 1.95 was found: there is no cargo on the path"),
        (
            "echo \"error: could not choose a version of cargo\nhelp: run 'rustup default stable'\" >&2; exit 1",
            "echo 'rustc 1.98.0'",
            "cargo does not run (error: could not choose a version of cargo help: run 'rustup default stable')",
        ),
    ],
)
def test_why_there_is_no_fast_server_is_told_in_the_tools_own_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cargo: str | None, rustc: str, reason: str | None
) -> None:
    for name, script in (("cargo", cargo), ("rustc", rustc)):
        if script is not None:
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing_rust() == reason


@only_root
def test_every_account_can_run_what_root_has_installed_whatever_the_umask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also what an earlier version has left closed."""

    def run(command: list[str], log: Path, watch: Sequence[Path] = ()) -> None:
        if command[0] == "cargo":
            binary = Path(command[-1]) / "bin" / "secantusd-rs"
            binary.parent.mkdir()
            binary.touch(mode=0o777)
        else:
            [partial] = [word.partition("=")[2] for word in command if word.startswith("-Dartifacts.directory=")]
            jar = Path(partial) / command[-1].partition("@")[2] / "lib" / "one.jar"
            jar.parent.mkdir(parents=True)
            jar.touch()

    monkeypatch.setattr(artifacts, "_run", run)
    monkeypatch.setattr(artifacts, "_program", lambda name, _: name)
    monkeypatch.setattr(artifacts, "missing_rust", lambda: None)
    installed = Artifacts(tmp_path)
    former = os.umask(0o077)
    try:
        for install in (installed.ensure_kafka, installed.ensure_elasticsearch, installed.ensure_mongodb):
            install()
    finally:
        os.umask(former)

    found = [place for folder in tmp_path.iterdir() for place in (folder, *folder.rglob("*"))]
    modes = {(place.is_dir(), place.name == "secantusd-rs", stat.S_IMODE(place.stat().st_mode)) for place in found}
    assert modes == {(True, False, 0o755), (False, True, 0o755), (False, False, 0o644)}
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (installed.kafka / "link").symlink_to(tmp_path / "elsewhere")
    (installed.kafka / "lib").chmod(0o700)
    installed.ensure_kafka()
    assert stat.S_IMODE((installed.kafka / "lib").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "elsewhere").stat().st_mode) == 0o700


def test_the_local_server_keeps_what_was_written_a_second_time_for_a_minute_only(tmp_path: Path) -> None:
    installed = Artifacts(tmp_path)
    installed.mongodb_binary.parent.mkdir(parents=True)
    installed.mongodb_binary.touch()
    secrets = cast(SecretSettings, SimpleNamespace(reveal=lambda _: "x"))
    command = " ".join(mongodb(LocalServerSettings(), secrets, installed).command)
    assert "--sync-on-commit --oplog-retention-seconds 60 --oplog-max-entries 1000 " in command


def test_a_program_behind_a_closed_folder_is_not_run_under_another_account(tmp_path: Path) -> None:
    program = tmp_path / "closed" / "python"
    program.parent.mkdir(mode=0o700)
    program.touch(mode=0o755)
    assert not _open_to_others(program)
    assert not _open_to_others(tmp_path / "absent")
    assert _open_to_others(Path("/usr/bin/env"))
