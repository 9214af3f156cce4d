"""Bulk copy of a DataFrame into a staging table: the JVM writes COPY's lines, Python only passes the bytes on.

Each Spark partition is copied in a transaction of its own together with its row in `staging.loaded_partition`: a task
that is run again, or twice at a time, finds the row and copies nothing. The transaction also holds the run's row in
the ledger, so that a task which outlived its run can no longer write. A line that PostgreSQL refuses is set aside
(spark/refused.py) and does not stop the others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import TaskContext
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows
from pyspark.sql.types import DataType, StringType

from kafka.event_text import TEXT_QUOTE
from spark.ledger import run_over
from spark.outages import explain, while_away
from spark.refused import DELIMITER, copy_accepted
from spark.warehouse import WarehouseLogin

Batches = Iterator[pa.RecordBatch]
COPIED = "target long, rows long"
HOLD_RUN = "SELECT FROM etl.run WHERE run_id = %s AND status = 'running' FOR SHARE"
CLAIM_PARTITION = """
INSERT INTO staging.loaded_partition (run_id, table_name, partition_id, rows) VALUES (%s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
COPIED_ROWS = "SELECT rows FROM staging.loaded_partition WHERE (run_id, table_name, partition_id) = (%s, %s, %s)"
CORRECT_ROWS = "UPDATE staging.loaded_partition SET rows = %s WHERE (run_id, table_name, partition_id) = (%s, %s, %s)"


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


def plan_copies(frames: Mapping[str, DataFrame], login: WarehouseLogin, run_id: int) -> Callable[[], dict[str, int]]:
    """What copies all rows of each frame into `staging.<its name>` when it is called, and tells rows by table.

    The columns of a table are those of its frame. All are copied in one job: its tasks fill the cores whatever table
    they are for. Planning takes a second, so it is apart from copying: another job may run meanwhile.
    """
    targets = [StagingTarget(login, run_id, table, tuple(frame.columns)) for table, frame in frames.items()]
    lines = [
        copy_lines(frame).select(F.lit(number).cast("tinyint").alias("target"), "line")
        for number, frame in enumerate(frames.values())
    ]
    copied = reduce(DataFrame.unionAll, lines).mapInArrow(partition_copier(targets), COPIED)

    def copy() -> dict[str, int]:
        rows = dict.fromkeys(frames, 0)
        for target, number in copied.collect():
            rows[targets[target].table] += number
        return rows

    return copy


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
                rows = attempts(_copy_once, target, partition_id, arrays, rows)
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


def _copy_once(target: StagingTarget, partition_id: int, lines: list[pa.StringArray], rows: int) -> int:
    """Copy what PostgreSQL takes, unless it was copied before; the rows that staging holds of the partition."""
    place = (target.run_id, target.table, partition_id)
    with target.login.connect() as connection:
        if connection.execute(HOLD_RUN, [target.run_id]).rowcount == 0:
            raise run_over(target.run_id)
        if connection.execute(CLAIM_PARTITION, [*place, rows]).rowcount == 0:
            known = connection.execute(COPIED_ROWS, place).fetchone()
            return int(known[0]) if known else 0
        copied = copy_accepted(connection, target.table, target.columns, lines)
        if copied != rows:
            connection.execute(CORRECT_ROWS, [copied, *place])
        return copied
