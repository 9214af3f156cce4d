"""One pass from the raw store to staging, each event copied by the task that read it.

Nothing is kept, sorted or sent between tasks: what repeats, and the members of the dimensions, PostgreSQL tells from
what is staged (spark/members.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from spark.rejected import REJECTED_EVENT, Originals
from spark.staged_rows import row_types, staged_rows, staging_lines
from spark.staging import StagingTarget, partition_of_task, text_lines
from spark.warehouse import WarehouseLogin

Batches = Iterator[pa.RecordBatch]
KindCounts = dict[tuple[str, int, str], int]
TOLD = "table_name string, topic string, partition int, kind string, rows long"
"""What a task tells: the rows copied into a table; or how many events it read, by topic, partition and kind."""
TOLD_COLUMNS = ("table_name", "topic", "partition", "kind", "rows")


@dataclass(frozen=True)
class Staged:
    """Rows by staging table, and the events read by topic, partition and kind."""

    rows: dict[str, int]
    kinds: KindCounts


def stage(
    validated: DataFrame,
    login: WarehouseLogin,
    run_id: int,
    originals: Originals,
    days: tuple[date, date] | None = None,
) -> Staged:
    """Copy events, lines of orders and rejected events into staging; with `days` those of these days only."""
    rows = staged_rows(validated, days)
    event, line = row_types(rows)
    columns = {"event": event.names, "order_line": line.names, "rejected_event": REJECTED_EVENT.names}
    targets = {table: StagingTarget(login, run_id, table, tuple(names)) for table, names in columns.items()}
    staged = Staged(dict.fromkeys(targets, 0), {})
    for table, *of_kind, number in staging_lines(rows).mapInArrow(stager(targets, originals), TOLD).collect():
        if table is not None:
            staged.rows[table] += number
        else:
            topic, partition, kind = of_kind
            staged.kinds[topic, partition, kind] = staged.kinds.get((topic, partition, kind), 0) + number
    return staged


def stager(targets: dict[str, StagingTarget], originals: Originals) -> Callable[[Batches], Batches]:
    """The function of a task: record batches of `staging_lines` to rows of TOLD, by what was copied."""

    def copy(batches: Batches) -> Batches:
        lines: dict[str, list[pa.StringArray]] = {table: [] for table in targets}
        kinds: KindCounts = {}
        for batch in batches:
            _count(batch, kinds)
            lines["event"].append(batch.column("event").drop_null())
            lines["order_line"].append(batch.column("order_lines").flatten())
            rejected = batch.column("rejected").drop_null()
            if len(rejected):
                found = originals.added(pa.RecordBatch.from_struct_array(rejected))
                lines["rejected_event"].append(_lines_of(found))
        told: list[tuple[str | None, str | None, int | None, str | None, int]] = []
        for table, arrays in lines.items():
            some = [array for array in arrays if len(array)]
            if some:
                told.append((table, None, None, None, targets[table].copy(partition_of_task(), some)))
        told += [(None, *key, number) for key, number in kinds.items()]
        yield _told(told)

    return copy


def _count(batch: pa.RecordBatch, kinds: KindCounts) -> None:
    counted = pa.table(batch).group_by(["topic", "partition", "kind"]).aggregate([("events", "sum")])
    for row in counted.to_pylist():
        key = (row["topic"], row["partition"], row["kind"])
        kinds[key] = kinds.get(key, 0) + row["events_sum"]


def _lines_of(batch: pa.RecordBatch) -> pa.StringArray:
    columns = [pc.cast(column, pa.string()).to_pylist() for column in batch.columns]
    return text_lines(zip(*columns, strict=True))


def _told(rows: list[tuple[str | None, str | None, int | None, str | None, int]]) -> pa.RecordBatch:
    types = (pa.string(), pa.string(), pa.int32(), pa.string(), pa.int64())
    columns = zip(*rows, strict=True) if rows else [()] * len(types)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=list(TOLD_COLUMNS))
