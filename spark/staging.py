"""Bulk copy of a DataFrame into a staging table: the JVM writes COPY's lines, Python only passes the bytes on.

Each Spark partition is copied in a transaction of its own together with its row in `staging.loaded_partition`: a task
that is run again, or twice at a time, finds the row and copies nothing. The transaction also holds the run's row in
the ledger, so that a task which outlived its run can no longer write.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pyarrow as pa
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
ROWS = pa.schema([("rows", pa.int64())])
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


def stage(frame: DataFrame, login: WarehouseLogin, run_id: int, table: str) -> int:
    """Copy all rows into `staging.<table>`, whose columns have the frame's names; the number of rows it now holds."""
    target = StagingTarget(login, run_id, table, tuple(frame.columns))
    copied = copy_lines(frame).mapInArrow(partition_copier(target), "rows long")
    return sum(row.rows for row in copied.collect())


def copy_lines(frame: DataFrame) -> DataFrame:
    """One column `line`: the row as COPY takes it, with its newline."""
    fields = [_field(F.col(field.name), field.dataType) for field in frame.schema]
    return frame.select(F.concat(F.concat_ws(DELIMITER, *fields), F.lit("\n")).alias("line"))


def _field(value: Column, kind: DataType) -> Column:
    quote = F.lit(TEXT_QUOTE)
    text = F.concat(quote, value, quote) if isinstance(kind, StringType) else value.cast("string")
    return F.coalesce(text, F.lit(""))


def partition_copier(target: StagingTarget) -> Callable[[Batches], Batches]:
    """The function of a task: record batches of lines to one row with their number."""

    def copy(batches: Batches) -> Batches:
        lines = [batch.column(0) for batch in batches if batch.num_rows]
        rows = sum(map(len, lines))
        context = TaskContext.get()
        if rows and context is not None:
            attempts = while_away(target.login.outage_seconds, target.doing)
            try:
                attempts(_copy_once, target, context.partitionId(), [_bytes_of(array) for array in lines], rows)
            except psycopg.Error as error:
                raise explain(error, target.doing) or error from None
        yield pa.RecordBatch.from_pydict({"rows": [rows]}, schema=ROWS)

    return copy


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
