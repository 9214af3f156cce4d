"""Archived months hold no text that the scrubber masks today, whatever it masked when they were written."""

import hashlib
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from spark.ledger import Ledger
from spark.stored_texts import SCRUBBER
from tests.empty_database import Database
from utilities.retention.archived_texts import scrub_archives
from utilities.retention.month_archive import archive_month, write_proven
from utilities.retention.removal import RECORD_FILE

pytestmark = pytest.mark.servers

MONTH = date(2026, 1, 1)
SEARCHED, MASKED = ["ring", "call +49 170 1234567", None], ["ring", "call ***", None]
AGE = "UPDATE etl.archived_file SET archived_at = now() - %s::interval WHERE path = %s"
SEARCH = """
INSERT INTO fact_search (event_id, event_time, date_key, country_key, referrer_key, device_key, is_bot, run_id,
                         search_terms)
VALUES (gen_random_uuid(), '2026-01-05', 20260105, -1, -1, -1, false, 1, %s)
"""


def written(warehouse: Database, path: Path, texts: list[str | None], age: str) -> None:
    batch = pa.record_batch([pa.array(texts, pa.string())], names=["search_terms"])
    file = write_proven(path, "fact_search", MONTH, batch.schema, [batch])
    with warehouse.connect() as owner:
        owner.execute(RECORD_FILE, [str(path), file.table, file.month, file.rows, file.sha256])
        owner.execute(AGE, [age, str(path)])


def searched(path: Path) -> list[str | None]:
    return list(pyarrow.parquet.read_table(path).column("search_terms").to_pylist())


def test_files_of_before_are_written_anew_once(warehouse: Database, tmp_path: Path) -> None:
    old, clean, young, lost = (tmp_path / f"fact_search_2026_0{month}.parquet" for month in (1, 2, 3, 4))
    written(warehouse, old, SEARCHED, "2 days")
    written(warehouse, clean, ["gold"], "2 days")
    written(warehouse, young, SEARCHED, "0 days")
    written(warehouse, lost, SEARCHED, "2 days")
    lost.unlink()
    untouched = clean.stat().st_mtime_ns
    with warehouse.connect() as owner:
        owner.execute("INSERT INTO etl.scrubbing VALUES (%s, now() - interval '1 day')", [SCRUBBER])
    with Ledger(warehouse.login) as ledger:
        assert [scrub_archives(ledger), scrub_archives(ledger)] == [1, 0]
    assert searched(old) == MASKED and searched(young) == SEARCHED
    assert clean.stat().st_mtime_ns == untouched
    with warehouse.connect() as owner:
        noted = owner.execute("SELECT rows, sha256 FROM etl.archived_file WHERE path = %s", [str(old)]).fetchall()
    assert noted == [(3, hashlib.sha256(old.read_bytes()).hexdigest())]


def test_a_month_that_was_loaded_by_former_rules_is_archived_by_those_of_today(
    warehouse: Database, tmp_path: Path
) -> None:
    with warehouse.connect() as owner:
        owner.execute("SELECT etl.ensure_month_partition(%s)", [MONTH])
        for text in SEARCHED:
            owner.execute(SEARCH, [text])
        file = archive_month(owner, "fact_search", MONTH, tmp_path)
    assert sorted(searched(file.path), key=str) == sorted(MASKED, key=str)
