"""Bulk copy into staging tables: lines as COPY takes them, copied once by whichever attempt of a task comes first.

Each Spark partition is copied in a transaction of its own together with its row in `staging.loaded_partition`: a task
that is run again, or twice at a time, finds the row and copies nothing. The transaction also holds the run's row in
the ledger, so that a task which outlived its run can no longer write. A line that PostgreSQL refuses is set aside
(spark/refused.py) and does not stop the others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg
import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows
from pyspark.sql.types import DataType, StringType, StructType

from kafka.event_text import TEXT_QUOTE
from spark.ledger import run_over
from spark.outages import explain, while_away
from spark.refused import DELIMITER, copy_accepted
from spark.warehouse import WarehouseLogin

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

    def copy(self, partition_id: int, lines: Sequence[pa.StringArray]) -> int:
        """Copy the lines of a partition, once; the rows that staging holds of it.

        Waits while PostgreSQL is away; raises its typed error once patience ends.
        """
        try:
            return while_away(self.login.outage_seconds, self.doing)(_copy_once, self, partition_id, lines)
        except psycopg.Error as error:
            raise explain(error, self.doing) or error from None


def partition_of_task() -> int:
    """The number of the Spark partition that is under way; 0 outside of a task."""
    context = TaskContext.get()
    return context.partitionId() if context else 0


def line_of(row: Column, fields: StructType) -> Column:
    """A struct as COPY takes a row, with its newline."""
    texts = [_field(row[field.name], field.dataType) for field in fields]
    return F.concat(F.concat_ws(DELIMITER, *texts), F.lit("\n"))


def _field(value: Column, kind: DataType) -> Column:
    quote = F.lit(TEXT_QUOTE)
    text = F.concat(quote, value, quote) if isinstance(kind, StringType) else value.cast("string")
    return F.coalesce(text, F.lit(""))


def text_lines(rows: Iterable[Iterable[str | None]]) -> pa.StringArray:
    """Rows of text as COPY takes them: of any type that PostgreSQL reads from text; None is NULL."""
    return pa.array([DELIMITER.join(map(_quoted, row)) + "\n" for row in rows], pa.string())


def _quoted(value: str | None) -> str:
    return "" if value is None else f"{TEXT_QUOTE}{value}{TEXT_QUOTE}"


def _copy_once(target: StagingTarget, partition_id: int, lines: Sequence[pa.StringArray]) -> int:
    """Copy what PostgreSQL takes, unless it was copied before; the rows that staging holds of the partition."""
    place, rows = (target.run_id, target.table, partition_id), sum(map(len, lines))
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
