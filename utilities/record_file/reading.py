"""A file that an operator loads, CSV or JSON lines, plain or gzip, as one record a line in bounded memory."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from config.errors import TerminalError

GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# No record takes more; it bounds what one line can cost.
LONGEST_LINE = 1_048_576
LONGEST_SHOWN = 60


@dataclass(frozen=True)
class FileKind:
    """What a file is, as in "this is no catalogue", and its columns."""

    noun: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class BadLine:
    """Why a line is no record: its number from 1, the field, the field's value, and what is wrong with it."""

    line: int
    field: str
    value: object
    problem: str

    def __str__(self) -> str:
        shown = repr(self.value)
        if len(shown) > LONGEST_SHOWN:
            shown = f"{shown[:LONGEST_SHOWN]}..."
        return f"line {self.line}: {self.field} {shown}: {self.problem}"


@dataclass(frozen=True)
class Record:
    """A line's values by column, not yet looked at: text from CSV, any JSON value from JSON lines."""

    line: int
    values: Mapping[str, Any]


def read_records(path: Path, kind: FileKind) -> Iterator[Record | BadLine]:
    """The records of `path`, with the lines that are none; JSON lines where the first line begins with `{`.

    Text of a CSV that is not UTF-8 has its bytes as lone surrogates. Raises TerminalError where the file cannot be
    read, has other columns than the kind's (in any order), a line longer than LONGEST_LINE, or a quote that swallows
    the lines after it: nobody could say how many records those are.
    """
    lines = _lines(path, kind)
    first = next(lines, b"").removeprefix(BYTE_ORDER_MARK)
    if first.lstrip().startswith(b"{"):
        yield from _json_records(kind, first, lines)
    elif first:
        yield from _csv_records(path, kind, first, lines)


def _lines(path: Path, kind: FileKind) -> Iterator[bytes]:
    try:
        with path.open("rb") as plain:
            compressed = plain.read(2) == GZIP_MAGIC
            plain.seek(0)
            if not compressed:
                yield from _bounded_lines(path, kind, plain)
                return
            with gzip.open(plain) as stream:
                yield from _bounded_lines(path, kind, stream)
    except (OSError, EOFError, zlib.error) as error:
        raise TerminalError(f"cannot read {path}: {error}; name a CSV or JSON-lines file, plain or gzip") from error


def _bounded_lines(path: Path, kind: FileKind, stream: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    """The lines, however they end: CR LF from Windows, CR alone from Excel for Mac."""
    # Latin-1 is every byte as itself: only the line ends are read here.
    text = TextIOWrapper(stream, encoding="latin-1", newline=None)
    number = 0
    while line := text.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise TerminalError(f"{path}: line {number} is longer than {LONGEST_LINE} bytes: this is no {kind.noun}")
        yield line.encode("latin-1")


def _json_records(kind: FileKind, first: bytes, rest: Iterator[bytes]) -> Iterator[Record | BadLine]:
    yield _json_record(kind, 1, first)
    for number, line in enumerate(rest, start=2):
        if line.strip():
            yield _json_record(kind, number, line)


def _json_record(kind: FileKind, number: int, line: bytes) -> Record | BadLine:
    text = line.strip().decode("utf-8", "surrogateescape")
    if not is_utf8(text):
        return BadLine(number, "line", text, "is not UTF-8")
    try:
        values = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return BadLine(number, "line", text, f"is no JSON ({error.msg})")
    if not isinstance(values, dict):
        return BadLine(number, "line", text, "is no JSON object")
    if set(values) != set(kind.columns):
        return BadLine(number, "columns", ", ".join(values), _difference(kind, list(values)))
    return Record(number, values)


def _csv_records(path: Path, kind: FileKind, first: bytes, rest: Iterator[bytes]) -> Iterator[Record | BadLine]:
    text = (line.decode("utf-8", "surrogateescape") for line in rest)
    header = _header(path, first.decode("utf-8", "backslashreplace"))
    if sorted(header) != sorted(kind.columns):
        raise TerminalError(f"{path}: wrong columns in line 1: {_difference(kind, header)}")
    reader = csv.reader(text, strict=True)
    while True:
        # The reader counts from the line after the header; a quoted value may span lines.
        number = reader.line_num + 2
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if (last := reader.line_num + 1) > number:
                raise TerminalError(
                    f"{path}: a quote that begins in line {number} runs to line {last}: {error}"
                ) from None
            yield BadLine(number, "line", "", f"is no CSV ({error})")
            continue
        if len(values) == len(header):
            yield Record(number, dict(zip(header, values, strict=True)))
        elif values:
            yield BadLine(number, "columns", ",".join(values), f"has {len(values)} of {len(header)} columns")


def _header(path: Path, line: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line]), [])]
    except csv.Error as error:
        raise TerminalError(f"{path}: line 1 is no CSV: {error}") from None


def is_utf8(text: str) -> bool:
    """Whether the bytes that `text` was decoded from were UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _difference(kind: FileKind, found: list[str]) -> str:
    missing = [name for name in kind.columns if name not in found]
    unknown = [name for name in found if name not in kind.columns]
    parts = [f"{', '.join(missing)} missing"] if missing else []
    parts += [f"{', '.join(repr(name[:LONGEST_SHOWN]) for name in unknown[:10])} unknown"] if unknown else []
    parts = parts or ["one is named twice"]
    return f"{'; '.join(parts)} (a {kind.noun} has {', '.join(kind.columns)})"
