"""A misspelt setting in the environment file is told, another program's variable is not."""

import re
from pathlib import Path

import pytest

from config.settings import PROJECT_ROOT
from utilities.local_servers.__main__ import main
from utilities.local_servers.misspelt import misspelt


@pytest.mark.parametrize(
    ("name", "meant"),
    [("MAX_WORKER", "MAX_WORKERS"), ("SOURCE_BROKER", "SOURCE_BROKERS"), ("MONGO_HOTS", "MONGO_HOST")],
)
def test_a_misspelt_setting_is_told_with_the_one_that_was_meant(name: str, meant: str, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{name}=3\nMONGO_PORT=1\nmongo_db=x\n")
    assert list(misspelt(file)) == [f"{name} in .env is no setting; did you mean {meant}? (docs/settings.md)"]


def test_what_other_programs_read_from_the_file_is_theirs(tmp_path: Path) -> None:
    names = set(re.findall(r"\$\{(\w+)", (PROJECT_ROOT / "docker-compose.yml").read_text()))
    assert len(names) > 20
    (tmp_path / ".env").write_text("".join(f"{name}=1\n" for name in names))
    assert list(misspelt(tmp_path / ".env")) == []
    assert list(misspelt(tmp_path / "none")) == []


def test_whoever_looks_after_the_servers_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_text("MAX_WORKER=3\n")
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(tmp_path / ".env"))
    assert main(["env"]) == 0
    assert "did you mean MAX_WORKERS?" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["env", "up", "status"])
def test_a_file_in_another_encoding_is_one_line(
    action: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = "# Gr\xfc\xdfe\nMAX_WORKERS=3\n".encode("latin-1")
    (tmp_path / ".env").write_bytes(before)
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(tmp_path / ".env"))
    assert main([action]) == 1
    error = capsys.readouterr().err
    assert (error.count("\n"), error.count(f"{tmp_path / '.env'} is not UTF-8")) == (1, 1)
    assert (tmp_path / ".env").read_bytes() == before
