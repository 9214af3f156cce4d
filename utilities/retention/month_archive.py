"""A month of a fact as a Parquet file, proven before anything is dropped.

The file is written beside its final name, read back, and compared by row count and by a SHA-256 of its rows as CSV;
only then does it get its name. Before its first byte `etl.archived_file` has its path, without a SHA-256: what a run
that was killed or refused has left is then known to whoever has to search it.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from psycopg import sql

from config.errors import TerminalError
from spark.stored_texts import COLUMNS as TEXTS
from spark.text_columns import scrubbed_column

ROWS_PER_GROUP = 50_000
TYPES: dict[str, pa.DataType] = {
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "integer": pa.int32(),
    "jsonb": pa.string(),
    # A currency has up to four decimals, and a price is below LARGEST_PRICE (spark/prices.py).
    "numeric": pa.decimal128(16, 4),
    "smallint": pa.int16(),
    "text": pa.string(),
    "timestamp with time zone": pa.timestamp("us", tz="UTC"),
    "uuid": pa.string(),
}
COLUMNS = """
SELECT column_name, data_type FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position
"""
AS_TEXT = ("jsonb", "uuid")
PARTIAL = ".partial"
_NAME = re.compile(rf"(fact_[a-z_]+)_(\d{{4}})_(0[1-9]|1[0-2])\.parquet({re.escape(PARTIAL)})?")


class ArchiveError(TerminalError):
    """A file does not or cannot hold what is written into it; nothing was removed from the warehouse."""


@dataclass(frozen=True)
class ArchivedFile:
    """A proven file; `sha256` is of its bytes."""

    table: str
    month: date
    path: Path
    rows: int
    sha256: str


def archive_path(directory: Path, table: str, month: date) -> Path:
    """Where a month (first day) of a fact is archived."""
    return directory / f"{table}_{month:%Y_%m}.parquet"


def archived_as(path: Path) -> tuple[str, date] | None:
    """The fact and the month in the name of an archive, also of one that is being written; None for another file."""
    named = _NAME.fullmatch(path.name)
    return (named[1], date(int(named[2]), int(named[3]), 1)) if named and int(named[2]) else None


def archive_month(connection: psycopg.Connection, table: str, month: date, directory: Path) -> ArchivedFile:
    """Write the rows of a month (first day) into `directory`, replacing an earlier attempt; raises ArchiveError."""
    path = archive_path(directory, table, month)
    columns = connection.execute(COLUMNS, [table]).fetchall()
    schema = pa.schema([(name, TYPES[kind]) for name, kind in columns])
    stored = _batches(connection, table, columns, schema, month)
    return write_proven(path, table, month, schema, (scrubbed_batch(table, batch) for batch in stored))


def scrubbed_batch(table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows of a fact with what the scrubber of today makes of their texts."""
    for name, scrub in ((column, scrub) for fact, column, scrub in TEXTS if fact == table):
        place = batch.schema.get_field_index(name)
        if place >= 0:
            batch = batch.set_column(place, batch.schema.field(place), scrubbed_column(batch.column(place), scrub))
    return batch


def write_proven(
    path: Path, table: str, month: date, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> ArchivedFile:
    """Write batches of `schema` to a new file, read it back, and give it its name; raises ArchiveError."""
    partial = path.with_name(f"{path.name}{PARTIAL}")
    partial.unlink(missing_ok=True)
    try:
        rows = _write_partial(partial, path, schema, batches)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync_directory(path.parent)
    with path.open("rb") as archived:
        return ArchivedFile(table, month, path, rows, hashlib.file_digest(archived, "sha256").hexdigest())


def _write_partial(partial: Path, path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """The rows written; raises ArchiveError where the file does not hold them."""
    # It holds what people searched for. Exclusively: whoever may write into the directory could have put a link there.
    partial.touch(mode=0o600, exist_ok=False)
    partial.chmod(_mode_of(path))
    rows, digest = 0, hashlib.sha256()
    with pa.parquet.ParquetWriter(partial, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
            digest.update(_csv(batch))
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    found, found_digest = digest_of(partial)
    if (found, found_digest) != (rows, digest.hexdigest()):
        raise ArchiveError(f"{partial} holds {found} rows that are not the {rows} written; nothing was removed")
    return rows


def _mode_of(path: Path) -> int:
    """That of our own file, which others may read where its owner has let them; 600 where there is none."""
    found = path.lstat() if path.exists() else None
    is_ours = found is not None and stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    return found.st_mode & 0o777 if found and is_ours else 0o600


def digest_of(path: Path) -> tuple[int, str]:
    """Rows of a file, and the SHA-256 of its rows as CSV without a header."""
    rows, digest = 0, hashlib.sha256()
    for batch in read_batches(path):
        rows += batch.num_rows
        digest.update(_csv(batch))
    return rows, digest.hexdigest()


def read_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """The rows of a file, ROWS_PER_GROUP at most at a time; raises ArchiveError for a file that is no Parquet."""
    try:
        with pa.parquet.ParquetFile(path) as file:
            yield from file.iter_batches(ROWS_PER_GROUP)
    except (pa.ArrowInvalid, OSError) as error:
        raise ArchiveError(f"{path} cannot be read: {error}") from error


def _batches(
    connection: psycopg.Connection, table: str, columns: list[tuple[str, str]], schema: pa.Schema, month: date
) -> Iterator[pa.RecordBatch]:
    selected = [
        sql.SQL("{}::text").format(sql.Identifier(name)) if kind in AS_TEXT else sql.Identifier(name)
        for name, kind in columns
    ]
    query = sql.SQL("SELECT {} FROM {} WHERE date_key / 100 = %s AND date_key >= %s AND date_key < %s").format(
        sql.SQL(", ").join(selected), sql.Identifier(table)
    )
    year_month = month.year * 100 + month.month
    with connection.transaction(), connection.cursor(name="archive") as cursor:
        cursor.execute(query, [year_month, year_month * 100, (year_month + 1) * 100])
        while rows := cursor.fetchmany(ROWS_PER_GROUP):
            arrays = [
                _array(table, values, field) for values, field in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(table: str, values: Sequence[Any], field: pa.Field) -> pa.Array:
    try:
        return pa.array(values, type=field.type)
    except pa.ArrowInvalid as error:
        raise ArchiveError(f"{table}.{field.name} cannot be archived: {error}; nothing was removed") from error


def _csv(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    pa.csv.write_csv(batch, sink, pa.csv.WriteOptions(include_header=False))
    return bytes(sink.getvalue())


def _sync_directory(directory: Path) -> None:
    """A rename is lasting once its directory is."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
