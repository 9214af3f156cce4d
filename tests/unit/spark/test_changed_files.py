"""A run begins with marts and functions as their files have them, or does not begin."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from config.errors import TerminalError
from migrations import owner
from migrations.marts import read_objects
from spark.ledger import Ledger
from spark.marts import apply_changed_files


class Warehouse:
    """Stands in for ledger and connection: made of the files, but for those that `stale` names."""

    def __init__(self, *stale: str) -> None:
        self.stale = stale

    def transaction(self, work: Callable[[Any], Any]) -> Any:
        return work(self)

    def execute(self, _: str) -> "Warehouse":
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        return [
            (each.kind, each.qualified_name, "", "" if each.name in self.stale else each.checksum, [])
            for each in read_objects()
        ]

    @property
    def ledger(self) -> Ledger:
        return cast(Ledger, self)


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The logins that files were applied with."""
    logins: list[str] = []
    monkeypatch.setattr(owner, "apply_changed_files", lambda settings: logins.append(settings.postgres_owner_user))
    return logins


def owner_password(monkeypatch: pytest.MonkeyPatch, password: str | None) -> None:
    monkeypatch.setattr("config.settings.environment_file", lambda: Path("no such file"))
    monkeypatch.delenv("POSTGRES_OWNER_PASSWORD", raising=False)
    if password is not None:
        monkeypatch.setenv("POSTGRES_OWNER_PASSWORD", password)


def test_a_run_applies_changed_files_where_it_has_the_owners_login(
    applied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner_password(monkeypatch, "secret")
    apply_changed_files(Warehouse().ledger, 0.0)
    assert applied == []
    apply_changed_files(Warehouse("revenue").ledger, 0.0)
    assert applied == ["warehouse_owner"]


def test_a_run_without_the_owners_login_stops_and_names_what_has_changed(
    applied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner_password(monkeypatch, None)
    with pytest.raises(TerminalError, match=r"\(mart\.funnel, mart\.revenue\): run make migrate"):
        apply_changed_files(Warehouse("revenue", "funnel").ledger, 0.0)
    assert applied == []
