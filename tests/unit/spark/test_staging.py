"""The lines of a task to the tables that they are for."""

import pyarrow as pa
import pytest

from spark import staging
from spark.staging import StagingTarget, partition_copier
from spark.warehouse import WarehouseLogin


def test_lines_of_several_tables_in_one_partition_reach_each_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: dict[str, list[str]] = {}

    def copy(target: StagingTarget, partition_id: int, lines: list[pa.StringArray], rows: int) -> int:
        copied[target.table] = [line for array in lines for line in array.to_pylist()]
        return rows

    monkeypatch.setattr(staging, "_copy_once", copy)
    login = WarehouseLogin("nowhere", 1, "none", "nobody", None, 0)  # type: ignore[arg-type]
    targets = [StagingTarget(login, 1, table, ("a",)) for table in ("event", "device", "store")]
    batches = [
        pa.RecordBatch.from_pydict({"target": pa.array(numbers, pa.int8()), "line": [f"{n}\n" for n in numbers]})
        for numbers in ([0, 0], [0, 2, 0], [], [2, 0])
    ]
    # A batch may be a slice of a longer one.
    rows = [
        row
        for batch in partition_copier(targets)(iter([batches[0].slice(1), *batches[1:]]))
        for row in batch.to_pylist()
    ]
    assert rows == [{"target": 0, "rows": 4}, {"target": 2, "rows": 2}]
    assert copied == {"event": ["0\n"] * 4, "store": ["2\n"] * 2}
