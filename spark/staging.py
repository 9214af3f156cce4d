"""Bulk copy of a DataFrame into a staging table: the JVM writes COPY's lines, Python only passes the bytes on.

Each Spark partition is copied in a transaction of its own together with its row in `staging.loaded_partition`: a task
that is run again, or twice at a time, finds the row and copies nothing. The transaction also holds the run's row in
the ledger, so that a task which outlived its run can no longer write.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from pyspark import TaskContext
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows
from pyspark.sql.types import DataType, StringType

from config.errors import TerminalError
from kafka.event_text import TEXT_QUOTE
from spark.outages import explain, while_away
from spark.warehouse import WarehouseLogin

Batches = Iterator[pa.RecordBatch]
COPIED = "target long, rows long"
DELIMITER = "\x01"
# COPY's CSV format with characters that no text here holds (`event_text.as_text`): nothing needs escaping, not even
# a line break, and NULL, which stays unquoted, is not the empty text.
COPY = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02', NULL '')")

HOLD_RUN = "SELECT FROM etl.run WHERE run_id = %s AND status = 'running' FOR SHARE"
CLAIM_PARTITION = """
INSERT INTO staging.loaded_partition (run_id, table_name, partition_id, rows) VALUES (%s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class StagingTarget:
    """The table that a run copies into, and the columns in the order of the lines."""

    login: WarehouseLogin
    run_id: int
    table: str
    columns: tuple[str, ...]

    @property
    def doing(self) -> str:
        return f"copying into staging.{self.table} of {self.login.address}"


def stage(frames: Mapping[str, DataFrame], login: WarehouseLogin, run_id: int) -> dict[str, int]:
    """Copy all rows of each frame into `staging.<its name>`, whose columns have the frame's names; rows by table.

    In one job: its tasks fill the cores whatever table they are for, and Spark plans once.
    """
    targets = [StagingTarget(login, run_id, table, tuple(frame.columns)) for table, frame in frames.items()]
    lines = [
        copy_lines(frame).select(F.lit(number).cast("tinyint").alias("target"), "line")
        for number, frame in enumerate(frames.values())
    ]
    copied = reduce(DataFrame.unionAll, lines).mapInArrow(partition_copier(targets), COPIED).collect()
    rows = dict.fromkeys(frames, 0)
    for target, number in copied:
        rows[targets[target].table] += number
    return rows


def copy_lines(frame: DataFrame) -> DataFrame:
    """One column `line`: the row as COPY takes it, with its newline."""
    fields = [_field(F.col(field.name), field.dataType) for field in frame.schema]
    return frame.select(F.concat(F.concat_ws(DELIMITER, *fields), F.lit("\n")).alias("line"))


def _field(value: Column, kind: DataType) -> Column:
    quote = F.lit(TEXT_QUOTE)
    text = F.concat(quote, value, quote) if isinstance(kind, StringType) else value.cast("string")
    return F.coalesce(text, F.lit(""))


def partition_copier(targets: Sequence[StagingTarget]) -> Callable[[Batches], Batches]:
    """The function of a task: record batches of target and line to one row a target with the number of its lines."""

    def copy(batches: Batches) -> Batches:
        context = TaskContext.get()
        partition_id = context.partitionId() if context else 0
        lines: dict[int, list[pa.StringArray]] = {}
        for batch in batches:
            for number, some in _by_target(batch):
                lines.setdefault(number, []).append(some)
        for number, arrays in lines.items():
            target, rows = targets[number], sum(map(len, arrays))
            attempts = while_away(target.login.outage_seconds, target.doing)
            try:
                attempts(_copy_once, target, partition_id, list(map(_bytes_of, arrays)), rows)
            except psycopg.Error as error:
                raise explain(error, target.doing) or error from None
            yield pa.RecordBatch.from_pydict({"target": [number], "rows": [rows]})

    return copy


def _by_target(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.StringArray]]:
    """The lines of each target: Spark lays partitions of several frames together where they are partitioned alike."""
    targets, lines = batch.columns
    found = pc.unique(targets).to_pylist()
    for number in found:
        yield number, lines if len(found) == 1 else lines.filter(pc.equal(targets, number))


def _copy_once(target: StagingTarget, partition_id: int, chunks: list[memoryview], rows: int) -> None:
    with target.login.connect() as connection, connection.cursor() as cursor:
        if cursor.execute(HOLD_RUN, [target.run_id]).rowcount == 0:
            raise TerminalError(f"run {target.run_id} is over: a later run has taken its place")
        claimed = cursor.execute(CLAIM_PARTITION, [target.run_id, target.table, partition_id, rows])
        if claimed.rowcount == 0:
            return
        columns = sql.SQL(", ").join(map(sql.Identifier, target.columns))
        statement = COPY.format(sql.Identifier("staging", target.table), columns)
        with cursor.copy(statement) as copy:
            for chunk in chunks:
                copy.write(chunk)


def _bytes_of(lines: pa.StringArray) -> memoryview:
    """The array's own memory: Arrow keeps the strings of a column end to end."""
    _, offsets, values = lines.buffers()
    bounds = memoryview(offsets).cast("i")
    return memoryview(values)[bounds[lines.offset] : bounds[lines.offset + len(lines)]]
