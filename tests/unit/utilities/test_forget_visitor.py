"""Whose event an event is, and what may be deleted from the bus."""

import argparse
import io
import json
import uuid
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from pydantic import SecretStr

from config.errors import ConfigurationError, TerminalError
from kafka.dead_letters.index import DeadLetterIndex, LetterHead
from kafka.dead_letters.letter import ERASED, EXPIRED, PENDING, REPLAYED, DeadLetter, without_record
from kafka.forgotten import moment_of_forgetting
from kafka.position import BusPosition
from kafka.visitor import owner_hash
from utilities.erasure.archived import page_views
from utilities.erasure.bus_truncation import truncation_points
from utilities.erasure.erase import as_kept, erase_archived
from utilities.erasure.find import Archive, in_archives, rows_of
from utilities.erasure.identity import add_identity_options, read_identity
from utilities.erasure.visitor import Visitor
from utilities.retention.month_archive import write_proven

KEY = SecretStr("a key of at least sixteen characters")
DEVICE, USER = "02928c22-a423-4164-a7b4-f597f5a3580b", "4711"
POSITION = BusPosition("views", 2, 41)
MONTH = date(2026, 1, 1)


def record(**fields: object) -> bytes:
    return json.dumps({"id": "x", **fields}).encode()


@pytest.mark.parametrize(
    ("event", "of_device", "of_user"),
    [
        ({"user_id_db": "", "device_id": DEVICE}, True, False),
        ({"user_id_db": USER, "device_id": DEVICE}, False, True),
        ({"user_id_db": 4711, "device_id": DEVICE}, False, True),
        ({"user_id_db": " ", "device_id": f" {DEVICE} "}, True, False),
        ({"user_id_db": "47110"}, False, False),
        ({}, False, False),
    ],
)
def test_an_event_is_the_users_where_it_names_one_else_the_devices(
    event: dict[str, object], of_device: bool, of_user: bool
) -> None:
    device, user = Visitor.of(DEVICE, KEY), Visitor.of(USER, KEY)
    assert (device.owns(event), user.owns(event)) == (of_device, of_user)
    assert (device.owns_record(None, record(**event)), user.owns_record(None, record(**event))) == (of_device, of_user)


def test_the_visitor_has_the_hash_that_the_warehouse_gave() -> None:
    hashed = owner_hash({"user_id_db": USER, "device_id": DEVICE}, KEY.get_secret_value().encode())
    assert Visitor.of(f" {USER} ", KEY).hash == uuid.UUID(hashed)


def test_bytes_that_are_no_event_are_the_visitors_where_they_name_it() -> None:
    user = Visitor.of(USER, KEY)
    assert user.owns_record(None, b'{"user_id_db":"4711", broken')
    assert user.owns_record(b"4711", b"")
    assert user.owns_record(b"4711", None)
    assert not user.owns_record(None, b'{"price":4711, broken')
    assert not user.owns_record(None, None)
    assert not user.owns_record(b"4711", record(user_id_db="12"))


def test_a_record_whose_time_is_ahead_of_our_clock_stays_away_as_well() -> None:
    assert moment_of_forgetting(1_000, []) == 1_000
    assert moment_of_forgetting(1_000, [900, -1]) == 1_000
    assert moment_of_forgetting(1_000, [900, 1_005]) == 1_005
    assert moment_of_forgetting(1_000, [2**62, 1_005]) == 1_005


def identity(*arguments: str) -> str:
    parser = argparse.ArgumentParser()
    add_identity_options(parser)
    return read_identity(parser.parse_args(arguments))


@pytest.mark.parametrize("kind", ["--user-id", "--device-id"])
def test_the_id_is_read_from_a_file_standard_input_a_prompt_or_the_command_line(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "id"
    file.write_text(f"\n {USER} \n")
    assert identity(kind, f" {USER} ") == identity(f"{kind}-file", str(file)) == USER
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{USER}\n"))
    assert identity(kind, "-") == USER
    terminal = io.StringIO(f"{USER}\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert identity(kind) == USER


@pytest.mark.parametrize(("text", "problem"), [("", "is empty"), (" \n", "is empty"), ("1\n2\n", "has 2 lines")])
def test_no_id_and_several_ids_are_refused(
    text: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "id"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=f"--user-id-file: {problem}"):
        identity("--user-id-file", str(file))
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    with pytest.raises(ConfigurationError, match=f"--device-id: {problem}"):
        identity("--device-id", "-")
    with pytest.raises(ConfigurationError, match=r"--user-id: .*no terminal to ask on"):
        identity("--user-id")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        identity("--device-id-file", str(tmp_path / "absent"))


def test_an_escaped_identity_is_found_as_well() -> None:
    assert Visitor.of("jürgen", KEY).owns_record(None, b'{"user_id_db":"j\\u00fcrgen"}')
    assert Visitor.of("jane/1", KEY).owns_record(None, b'{"user_id_db":"jane\\/1"}')


def test_an_erased_dead_letter_still_counts_and_tells_nothing() -> None:
    letter = DeadLetter(
        "landing", POSITION, "not_json", "near 4711", PENDING, 7, b"4711", b"{4711", [("trace", b"4711")]
    )
    erased = without_record(letter)
    assert erased.record_key == letter.record_key
    assert erased.status != PENDING
    assert b"4711" not in str(erased.record_headers()).encode() and erased.value is None


@pytest.mark.parametrize(
    ("former", "value", "status", "kept"),
    [
        (PENDING, b"{another", PENDING, b"{another"),
        (REPLAYED, b"{another", REPLAYED, b"{another"),
        (ERASED, b"{another", ERASED, None),
        (EXPIRED, b"{another", EXPIRED, None),
        (EXPIRED, b'{"4711"', ERASED, None),
        (PENDING, b'{"4711"', ERASED, None),
        (REPLAYED, b'{"4711"', ERASED, None),
    ],
)
def test_erasing_one_visitor_revives_no_letter_of_another(
    former: str, value: bytes, status: str, kept: bytes | None
) -> None:
    newest = DeadLetter("landing", POSITION, "not_json", "", PENDING, 7, None, value, [])
    written = [replace(newest, status=former), newest]
    index = DeadLetterIndex(LetterHead.of(letter, (0, offset)) for offset, letter in enumerate(written))
    left = as_kept(newest, index, Visitor.of(USER, KEY))
    assert (left.status, left.value, left.record_key) == (status, kept, newest.record_key)


def test_the_bus_is_cut_behind_the_last_record_and_only_where_every_stage_has_read_it() -> None:
    positions = [POSITION, BusPosition("views", 2, 7), BusPosition("views", 0, 3), BusPosition("views.2", 1, 99)]
    reached = {"landing": {0: 4, 2: 42}, "ETL": {0: 9, 2: 42}}
    assert truncation_points("views", positions, reached) == {0: 4, 2: 42}
    with pytest.raises(TerminalError, match="the ETL has reached offset 41 of partition 2 of views"):
        truncation_points("views", positions, {**reached, "ETL": {0: 9, 2: 41}})


def test_an_archived_file_is_written_anew_without_the_visitor(tmp_path: Path) -> None:
    visitor, other = Visitor.of(USER, KEY), str(Visitor.of(DEVICE, KEY).hash)
    names = ("event_id", "visitor", "user_hash", "person")
    schema = pa.schema([(name, pa.string()) for name in names])
    user = str(visitor.hash)
    # What the user did on the device of another, nobody's event, and a guest's on that device before the login.
    rows = {"event_id": ["a", "b", "c"], "visitor": [other, None, other], "user_hash": [user, None, None]}
    rows["person"] = [user, None, user]
    path = tmp_path / "fact_search_2026_01.parquet"
    write_proven(path, "fact_search", MONTH, schema, [pa.RecordBatch.from_pydict(rows, schema=schema)])
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    assert rows_of(path, visitor) == 2
    written = erase_archived(Archive("fact_search", MONTH, path, 2), visitor)
    assert written is not None and written.rows == 2
    assert rows_of(path, visitor) == 0
    assert pa.parquet.read_table(path).column("person").to_pylist() == [None, other]
    assert path.stat().st_mode & 0o777 == 0o640


class Recorded:
    """The rows of etl.archived_file: path, and whether the file was proven."""

    def __init__(self, files: dict[Path, bool]) -> None:
        self._rows = [("fact_search", MONTH, str(path), proven) for path, proven in files.items()]

    def execute(self, _: str) -> "Recorded":
        return self

    def fetchall(self) -> list[tuple[str, date, str, bool]]:
        return self._rows


def test_what_a_retention_that_was_killed_has_left_is_searched_and_erased(tmp_path: Path) -> None:
    visitor = Visitor.of(USER, KEY)
    schema = pa.schema([("event_id", pa.string()), ("visitor", pa.string())])

    def write(path: Path, *hashes: str) -> Path:
        rows = {"event_id": ["x"] * len(hashes), "visitor": list(hashes)}
        write_proven(path, "fact_search", MONTH, schema, [pa.RecordBatch.from_pydict(rows, schema=schema)])
        return path

    own, other = str(visitor.hash), str(Visitor.of(DEVICE, KEY).hash)
    announced = write(tmp_path / "fact_search_2026_01.parquet", own, other)
    unrecorded = write(tmp_path / "fact_search_2025_12.parquet", own)
    moved_by_hand = write(tmp_path / "searches.parquet", own, own)
    others = write(tmp_path / "fact_search_2025_11.parquet", other)
    whole = write(tmp_path / "a.parquet", own).rename(tmp_path / "fact_event_2026_01.parquet.partial")
    cut = tmp_path / "fact_event_2025_12.parquet.partial"
    cut.write_bytes(whole.read_bytes()[:100])
    (tmp_path / "notes.txt").write_text("not ours")
    files = {announced: False, moved_by_hand: True, others: True, tmp_path / "fact_search_2025_10.parquet": False}
    gone = {tmp_path / "fact_search_2025_09.parquet": True, tmp_path / "away" / "fact_search_2025_08.parquet": False}
    connection = cast(Any, Recorded({**files, **gone}))

    found = {archive.path: archive for archive in in_archives(connection, visitor)}
    rows = {path: archive.rows for path, archive in found.items()}
    assert rows == {announced: 1, unrecorded: 1, moved_by_hand: 2, whole: 1, cut: 1, **dict.fromkeys(gone)}
    for archive in found.values():
        if archive.rows:
            assert page_views(archive, visitor) == {}
            erase_archived(archive, visitor)
    assert {archive.path for archive in in_archives(connection, visitor)} == set(gone)
    assert not whole.exists() and not cut.exists() and rows_of(announced, visitor) == 0
