"""A process of its own: the star of the landed documents by DuckDB, in a database file.

As the ETL does, it reads the raw collection, checks, removes duplicates and enriches; enrichment is the ETL's own,
in Python on distinct values. `duckdb_star/` has the statements. The documents come as newline-delimited JSON, which
DuckDB has no faster way to get from MongoDB than a client that writes it.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
from pymongo import MongoClient

from benchmarks.processes import Usage, measure
from benchmarks.workspace import DATABASE, Workspace
from config.settings import PROJECT_ROOT
from kafka.visitor import identity_hash
from spark.enrichment.product_url import PageRules
from spark.enrichment.referrer import normalize_referrer
from spark.enrichment.settings import EnrichmentSettings
from spark.enrichment.store import store_country
from spark.enrichment.user_agent import parse_user_agent
from spark.enrichment.web_address import parse_web_address
from spark.members import COUNTRY, DEVICE, PAGE, REFERRER
from spark.reader import bus_milliseconds

STATEMENTS = PROJECT_ROOT / "benchmarks" / "duckdb_star"
EXPORT, READ, ENRICH, STAR = "export from MongoDB", "read JSON, deduplicate", "enrich", "dimensions and facts"
DOCUMENTS_PER_BATCH = 10_000
PAGES = "SELECT DISTINCT address FROM event WHERE kind = 'view_product_detail' AND address IS NOT NULL"
REFERRERS = "SELECT DISTINCT referrer FROM event"
STORES = r"""
SELECT DISTINCT store_id, regexp_extract(address, '^([a-zA-Z][a-zA-Z0-9+.\-]*:)?(//)?[^/]*') AS origin
FROM event WHERE store_id IS NOT NULL AND address IS NOT NULL
"""
AGENTS = "SELECT DISTINCT user_agent FROM event WHERE user_agent IS NOT NULL"
VISITORS = "SELECT DISTINCT identity FROM event WHERE identity IS NOT NULL"
COUNTS = """
SELECT (SELECT count(*) FROM raw_event), (SELECT count(*) FROM fact_event),
       (SELECT sum(view_count)::BIGINT FROM fact_product_views), (SELECT count(*) FROM fact_product_views)
"""

# Table, the query of its distinct values, the function of one of them, and the columns that it tells.
Enrichment = tuple[str, str, Callable[..., tuple[Any, ...]], tuple[str, ...]]


@dataclass(frozen=True)
class Star:
    """What a pass cost and made: `phases` are seconds, the rest rows."""

    process: Usage
    phases: dict[str, float]
    documents: int
    events: int
    views: int
    daily_rows: int

    @property
    def seconds(self) -> float:
        """All phases, without the start of Python."""
        return sum(self.phases.values())


@dataclass(frozen=True)
class DuckDbPeer:
    """Makes the star of a workspace's raw collection, each time in a new file."""

    warehouse: Workspace

    def make(self) -> Star:
        """One pass in a process of its own."""
        bench = self.warehouse.bench
        folder = bench.directory / "duckdb"
        folder.mkdir()
        setup = {
            "mongo_port": bench.servers.settings.mongo_port,
            "mongo_password": bench.servers.secrets.reveal("mongo_etl_password"),
            "hash_key": bench.servers.secrets.reveal("visitor_hash_key"),
            "collection": self.warehouse.collection,
            "folder": str(folder),
        }
        environment = {**self.warehouse.environment, "DUCKDB_PEER": json.dumps(setup)}
        command = [sys.executable, "-m", "benchmarks.duckdb_peer"]
        usage = measure(command, environment, self.warehouse.log("duckdb"), "DuckDB")
        result = json.loads((folder / "result").read_text())
        shutil.rmtree(folder)
        return Star(usage, result["phases"], *result["counts"])


class StarMaker:
    """The steps of one pass; `phases` fills as they end."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        self.phases: dict[str, float] = {}
        self.documents = folder / "documents.ndjson"
        self.database = duckdb.connect(str(folder / "star.duckdb"), config={"threads": threads})

    def make(self, documents: Iterable[dict[str, Any]], rules: PageRules, hash_key: bytes) -> list[int]:
        """Documents read, events, views, and rows of the daily fact."""
        with self._phase(EXPORT):
            self._export(documents)
        with self._phase(READ):
            self.database.execute(f"SET VARIABLE documents = '{self.documents}'")
            self._run("0[12]*")
        with self._phase(ENRICH):
            self._enrich(rules, hash_key)
        with self._phase(STAR):
            self._run("0[34]*")
            self.database.execute("CHECKPOINT")
        counts = self.database.execute(COUNTS).fetchone() or ()
        self.database.close()
        return list(counts)

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.phases[name] = time.monotonic() - started

    def _export(self, documents: Iterable[dict[str, Any]]) -> None:
        with self.documents.open("wb") as stream:
            for document in documents:
                line = {
                    "position": document["_id"],
                    "bus_ms": bus_milliseconds(document["kafka"]["timestamp"]),
                    "event": document["event"],
                }
                stream.write(orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE))

    def _run(self, pattern: str) -> None:
        for path in sorted(STATEMENTS.glob(f"{pattern}.sql")):
            self.database.execute(path.read_text())

    def _enrich(self, rules: PageRules, hash_key: bytes) -> None:
        for table, query, describe, names in enrichments(rules, hash_key):
            result = self.database.execute(query)
            inputs = [column[0] for column in result.description]
            values = result.fetchall()
            described = zip(*(describe(*value) for value in values), strict=True) if values else [()] * len(names)
            columns = [*(zip(*values, strict=True) if values else [()] * len(inputs)), *described]
            types = [pa.bool_() if name == "is_bot" else pa.string() for name in (*inputs, *names)]
            arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
            self.database.register("described", pa.table(arrays, names=[*inputs, *names]))
            self.database.execute(f"CREATE TABLE {table} AS SELECT * FROM described")


def enrichments(rules: PageRules, hash_key: bytes) -> list[Enrichment]:
    """The ETL's own functions, each for the distinct values of its query."""
    shop_domains = rules.shop_domains

    def picked(names: tuple[str, ...], describe: Callable[..., object]) -> Callable[..., tuple[Any, ...]]:
        def describe_one(*values: str) -> tuple[Any, ...]:
            found = describe(*values)
            return tuple(getattr(found, name, None) for name in names)

        return describe_one

    return [
        ("described_page", PAGES, picked(PAGE, rules.read), PAGE),
        (
            "described_referrer",
            REFERRERS,
            picked(REFERRER, lambda url: normalize_referrer(url, shop_domains)),
            REFERRER,
        ),
        (
            "described_store",
            STORES,
            picked(COUNTRY, lambda store, origin: store_country(store, parse_web_address(origin).host, shop_domains)),
            COUNTRY,
        ),
        ("described_agent", AGENTS, picked(DEVICE, parse_user_agent), DEVICE),
        ("described_visitor", VISITORS, lambda who: (identity_hash(who, hash_key),), ("visitor",)),
    ]


def main() -> int:
    """Do what DUCKDB_PEER says, and write what it cost and made to `result` in its folder."""
    setup: dict[str, Any] = json.loads(os.environ["DUCKDB_PEER"])
    folder = Path(setup["folder"])
    login = {"username": "etl", "password": setup["mongo_password"]}
    with MongoClient[dict[str, Any]]("127.0.0.1", setup["mongo_port"], **login) as client:
        documents = client[DATABASE][setup["collection"]].find(batch_size=DOCUMENTS_PER_BATCH)
        maker = StarMaker(folder)
        counts = maker.make(documents, EnrichmentSettings.load().page_rules(), setup["hash_key"].encode())
    (folder / "result").write_text(json.dumps({"phases": maker.phases, "counts": counts}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
