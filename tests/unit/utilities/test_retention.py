"""Which months are old, and what an archived file must prove."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet
import pytest
from sqlalchemy.dialects import postgresql

from config.errors import ConfigurationError
from kafka.dead_letters.index import DeadLetterIndex, LetterHead
from kafka.dead_letters.letter import ERASED, EXPIRED, PENDING, REPLAYED, DeadLetter
from kafka.position import BusPosition
from migrations.models import metadata
from utilities.retention import expiry
from utilities.retention.__main__ import main
from utilities.retention.month_archive import TYPES, ArchiveError, archive_path, archived_as, digest_of, write_proven
from utilities.retention.removal import FACTS, Age, _remove_month, first_kept_month
from utilities.retention.unlinking import RETAIN_FOLDER
from utilities.stores.unused_members import PARTS, references

SCHEMA = pa.schema([("event_id", pa.string()), ("price", pa.decimal128(14, 2))])
MONTH = date(2026, 1, 1)


def batch(*ids: str | None) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"event_id": list(ids), "price": [None] * len(ids)}, schema=SCHEMA)


@pytest.mark.parametrize(
    ("today", "months", "first"),
    [
        (date(2026, 11, 25), 13, date(2025, 10, 1)),
        (date(2026, 11, 1), 13, date(2025, 10, 1)),
        (date(2026, 1, 31), 1, date(2025, 12, 1)),
        (date(2026, 12, 31), 12, date(2025, 12, 1)),
        (date(2026, 3, 31), 0, date(2026, 3, 1)),
    ],
)
def test_a_month_is_kept_while_any_day_of_it_is_young_enough(today: date, months: int, first: date) -> None:
    assert first_kept_month(today, months) == first


def test_every_column_of_what_is_archived_has_a_type_in_a_file() -> None:
    """As information_schema names the types of columns."""
    columns = [column for fact in FACTS for column in metadata.tables[fact].columns]
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    named = {str(column.type.compile(dialect=dialect)).lower().partition("(")[0] for column in columns}
    assert named <= set(TYPES)


@pytest.mark.parametrize("text", ["13", "13d", "-1m", "m", "1.5m", "99999m"])
def test_an_age_is_a_number_of_months(text: str) -> None:
    with pytest.raises(ConfigurationError, match="number of months"):
        Age.parse(text, "m")


@pytest.mark.parametrize("arguments", [[], ["--facts-older-than", "1m"], ["--drop"]])
def test_nothing_is_removed_by_half_a_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    assert "--facts-older-than" in capsys.readouterr().err


@pytest.mark.parametrize("status", [0, 1])
def test_the_exit_status_tells_that_the_person_said_no(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("utilities.retention.removal.remove_old", lambda _: status)
    assert main(["--raw-older-than", "90d"]) == status


def test_an_archived_file_holds_every_row_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "fact_event_2026_01.parquet"
    file = write_proven(path, "fact_event", MONTH, SCHEMA, [batch("a", None), batch(""), batch()])
    assert (file.rows, digest_of(path)[0]) == (3, 3)
    assert pyarrow.parquet.read_table(path).column("event_id").to_pylist() == ["a", None, ""]
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_link_in_the_place_of_an_archive_does_not_open_it_to_others(tmp_path: Path) -> None:
    path, public = tmp_path / "fact_event_2026_01.parquet", tmp_path / "public"
    public.write_text("")
    public.chmod(0o644)
    path.symlink_to(public)
    write_proven(path, "fact_event", MONTH, SCHEMA, [batch("a")])
    assert not path.is_symlink() and path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    write_proven(path, "fact_event", MONTH, SCHEMA, [batch("b")])
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_null_and_an_empty_text_are_told_apart_in_the_proof(tmp_path: Path) -> None:
    null = write_proven(tmp_path / "null.parquet", "fact_event", MONTH, SCHEMA, [batch(None)])
    empty = write_proven(tmp_path / "empty.parquet", "fact_event", MONTH, SCHEMA, [batch("")])
    assert digest_of(null.path) != digest_of(empty.path)


def test_a_file_that_was_not_written_whole_is_not_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fact_event_2026_01.parquet"
    monkeypatch.setattr("utilities.retention.month_archive.digest_of", lambda _: (1, "0"))
    with pytest.raises(ArchiveError, match="nothing was removed"):
        write_proven(path, "fact_event", MONTH, SCHEMA, [batch("a", "b")])
    assert not path.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_known_to_the_ledger_before_its_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed: list[list[object]] = []

    class Ledger:
        """One transaction: what it executed, kept where it does not fail."""

        def transaction(self, work: Callable[[Any], object]) -> object:
            executed: list[list[object]] = []
            result = work(SimpleNamespace(execute=lambda _, values: executed.append(values)))
            committed.extend(executed)
            return result

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("utilities.retention.removal.archive_month", killed)
    with pytest.raises(KeyboardInterrupt):
        _remove_month(cast(Any, Ledger()), MONTH, {"fact_event": 2, "fact_search": 0}, tmp_path, "UTC")
    assert committed == [[str(archive_path(tmp_path, "fact_event", MONTH)), "fact_event", MONTH]]


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("fact_event_2026_01.parquet", ("fact_event", MONTH)),
        ("fact_product_view_event_2026_01.parquet.partial", ("fact_product_view_event", MONTH)),
        ("fact_event_2026_13.parquet", None),
        ("fact_event_0000_01.parquet", None),
        ("fact_event_2026_01.csv", None),
        ("my_fact_event_2026_01.parquet", None),
    ],
)
def test_an_archive_is_known_by_its_name(name: str, named: tuple[str, date] | None) -> None:
    assert archived_as(Path("/archive") / name) == named


def test_a_file_that_is_no_parquet_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"not a file of rows")
    with pytest.raises(ArchiveError, match="cannot be read"):
        digest_of(path)


@pytest.mark.parametrize(("status", "left"), [(PENDING, EXPIRED), (REPLAYED, REPLAYED), (ERASED, ERASED)])
def test_an_old_dead_letter_stays_counted_and_tells_nothing(status: str, left: str) -> None:
    letter = DeadLetter(
        "landing", BusPosition("views", 0, 3), "not_json", "near x", status, 99, b"k", b"{", [("a", b"b")]
    )
    index = DeadLetterIndex([LetterHead.of(letter, (0, 0))])
    assert expiry.is_old(letter, before_ms=100) and not expiry.is_old(letter, before_ms=99)
    assert expiry.as_kept(letter, index, before_ms=99) == letter
    kept = expiry.as_kept(letter, index, before_ms=100)
    assert (kept.status, kept.key, kept.value, kept.headers, kept.detail) == (left, None, None, [], left)
    assert (kept.record_key, kept.reason, kept.timestamp_ms) == (letter.record_key, "not_json", 99)
    assert not expiry.is_old(kept, before_ms=100)


def test_an_expired_dead_letter_is_not_replayed_though_its_record_was_refused_again() -> None:
    letter = DeadLetter("landing", BusPosition("views", 0, 3), "not_json", "", PENDING, 99, None, b"{", [])
    expired = expiry.as_kept(letter, DeadLetterIndex(), before_ms=100)
    index = DeadLetterIndex(LetterHead.of(each, (0, n)) for n, each in enumerate([expired, letter]))
    assert index.pending(None, None, None) == []
    assert expiry.as_kept(letter, index, before_ms=100).value is None


WHOSE = {"visitor", "user_hash", "person", "device_key", "session_id", "order_id"}


def test_whatever_tells_of_a_person_goes_with_the_month_or_is_unlinked() -> None:
    unlinked = {file.stem[4:]: file.read_text() for file in RETAIN_FOLDER.glob("*.sql")}
    for table in metadata.tables.values():
        whose = WHOSE & {column.name for column in table.columns}
        if table.schema is None and table.name.startswith("fact_") and table.name not in FACTS and whose:
            statement = unlinked[table.name]
            assert [name for name in whose if f"{name} = " not in statement and f"{name}, " not in statement] == []


@pytest.mark.parametrize("dimension", PARTS)
def test_a_member_is_unused_only_where_no_column_of_its_name_refers_to_it(dimension: str) -> None:
    (key,) = metadata.tables[dimension].primary_key.columns
    named = {
        (table.fullname, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if f"_{column.name}".endswith(f"_{key.name}") and table.schema != "staging" and table.name != dimension
    }
    assert named == {(table.fullname, column) for table, column in references(dimension)} != set()
