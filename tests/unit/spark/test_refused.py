"""What PostgreSQL refuses is found by trial, and everything else goes on; with the real server: tests/integration."""

from typing import Any

import psycopg
import pyarrow as pa
import pytest

from spark import refused
from spark.refused import copy_accepted


class Copy:
    """A server that refuses every COPY with the word `bad` in it."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.noted: list[tuple[Any, ...]] = []
        self.written: list[bytes] = []

    def transaction(self) -> "Copy":
        return self

    def cursor(self) -> "Copy":
        return self

    def copy(self, _statement: object) -> "Copy":
        self.written = []
        return self

    def write(self, chunk: memoryview) -> None:
        self.written.append(bytes(chunk))

    def execute(self, _query: object, values: tuple[Any, ...]) -> None:
        self.noted.append(values)

    def __enter__(self) -> "Copy":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self.written:
            text, self.written = b"".join(self.written).decode(), []
            if "bad" in text:
                raise psycopg.errors.NumericValueOutOfRange("out of range")
            self.kept += text.splitlines()


def lines(*names: str) -> pa.StringArray:
    return pa.array([f"\x02{name}\x02\x01\x02a\nb\x02\n" for name in names])


@pytest.mark.parametrize(
    "arrays",
    [
        [lines("a", "bad 1", "c", "d", "bad 2")],
        [lines("a", "bad 1"), lines("c"), lines("d", "bad 2")],
        [lines("x", "a", "bad 1", "c").slice(1), lines("d", "bad 2")],
    ],
)
def test_lines_that_are_refused_are_noted_with_their_key_and_the_others_copied(arrays: list[pa.StringArray]) -> None:
    server = Copy()
    copied = copy_accepted(server, "product", ("product_id", "product_name"), arrays)  # type: ignore[arg-type]
    assert copied == 3
    assert "".join(server.kept).count("\x02\x01\x02") == 3
    assert [(row[0], row[1], row[2]) for row in server.noted] == [
        ("product", "bad 1", "out of range"),
        ("product", "bad 2", "out of range"),
    ]


def test_an_outage_is_no_refusal() -> None:
    class Away(Copy):
        def __exit__(self, kind: object, *_: object) -> None:
            if kind is None and self.written:
                raise psycopg.errors.AdminShutdown("shutting down")

    with pytest.raises(psycopg.errors.AdminShutdown):
        copy_accepted(Away(), "product", ("product_id",), [lines("a", "b")])  # type: ignore[arg-type]


def test_an_event_is_noted_by_its_place_on_the_bus() -> None:
    columns = ("event_id", "kind", "date_key", "bus_topic", "bus_partition", "bus_offset")
    line = "\x02bad\x02\x01\x02checkout\x02\x0120260105\x01\x02views\x02\x012\x0141\n"
    server = Copy()
    assert copy_accepted(server, "event", columns, [pa.array([line])]) == 0  # type: ignore[arg-type]
    assert server.noted[0][3:] == ("views", "2", "41", "checkout", "20260105")


def test_every_staging_table_that_is_copied_has_a_way_to_its_events() -> None:
    for statement in ("product", "store", "referrer", "user_agent", "order_line"):
        assert f"WHEN '{statement}'" in refused.EVENTS_OF_LINES
