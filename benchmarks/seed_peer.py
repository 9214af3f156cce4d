"""The way that most star schemas of this kind are filled: everything through the driver, tables emptied, keys anew.

One process reads all landed product views into pandas, makes dimensions by removing duplicates, numbers their keys from
1 again, and has Spark empty the tables and append the rows by JDBC. It knows no earlier run and checks nothing but that
an event is there once and has a time; enrichment is the ETL's own, on distinct values. The first part runs in the
benchmark, the second (`main`) under spark-submit.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Under spark-submit this file's own folder comes first, where `import benchmarks` finds nothing.
if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import pandas as pd  # type: ignore[import-untyped]
from pymongo import MongoClient

from benchmarks.processes import Usage, measure
from benchmarks.workspace import DATABASE, SPARK_SUBMIT, Workspace
from spark.enrichment.referrer import normalize_referrer
from spark.enrichment.settings import EnrichmentSettings
from spark.enrichment.store import store_country
from spark.enrichment.user_agent import parse_user_agent
from spark.enrichment.web_address import parse_web_address
from spark.members import COUNTRY, DEVICE, PAGE, REFERRER
from spark.schemas import PRODUCT_VIEW

READ, TRANSFORM, WRITE = "read", "transform", "write"
FIELDS = (
    *("id", "time_stamp", "device_id", "user_agent", "store_id"),
    *("product_id", "current_url", "referrer_url", "price", "currency"),
)
KEYS = ("date_key", "product_key", "country_key", "referrer_key", "device_key")
Describe = Callable[..., object]


@dataclass(frozen=True)
class Filled:
    """What a pass cost and made: `phases` are seconds; documents read, and product views in the fact."""

    process: Usage
    phases: dict[str, float]
    documents: int
    views: int

    @property
    def seconds(self) -> float:
        """All phases, without the start of Python and Spark."""
        return sum(self.phases.values())


@dataclass(frozen=True)
class SeedPeer:
    """Fills schema `seed` of a workspace's warehouse from its raw collection, as often as asked."""

    warehouse: Workspace

    def fill(self) -> Filled:
        """One pass in a process of its own."""
        bench = self.warehouse.bench
        bench.servers.artifacts.ensure_kafka(profile="benchmark")
        (driver,) = bench.servers.artifacts.kafka_with_mirror_maker.glob("postgresql-*.jar")
        with self.warehouse.warehouse() as connection:
            connection.execute("CREATE SCHEMA IF NOT EXISTS seed")
        result = bench.directory / "seed-result"
        setup = {
            "mongo_port": bench.servers.settings.mongo_port,
            "mongo_password": bench.servers.secrets.reveal("mongo_etl_password"),
            "collection": self.warehouse.collection,
            "url": f"jdbc:postgresql://127.0.0.1:{bench.servers.settings.postgres_port}/{self.warehouse.database}",
            "user": "warehouse_owner",
            "password": bench.servers.secrets.reveal("postgres_owner_password"),
            "result": str(result),
        }
        command = [str(SPARK_SUBMIT), "--master", "local[2]", "--jars", str(driver), str(Path(__file__).resolve())]
        environment = {**self.warehouse.environment, "SEED_PEER": json.dumps(setup)}
        usage = measure(command, environment, self.warehouse.log("seed"), "the seed's algorithm")
        return Filled(usage, **json.loads(result.read_text()))


def star(events: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables of the star by name, of one row per product view with the columns `FIELDS`."""
    views = events.drop_duplicates("id").copy()
    views["seconds"] = pd.to_numeric(views["time_stamp"], errors="coerce")
    views = views[views["seconds"].between(0, 2**32)]
    views["viewed_at"] = pd.to_datetime(views["seconds"], unit="s")
    views["date_key"] = views["viewed_at"].dt.strftime("%Y%m%d").astype(int)
    rules = EnrichmentSettings.load().page_rules()
    shop = rules.shop_domains
    tables = {
        "dim_date": views[["date_key"]].drop_duplicates(),
        "dim_product": _dimension(views, "product", "product_id", "current_url", rules.read, PAGE),
        "dim_country": _dimension(views, "country", "store_id", "current_url", None, ()),
        "dim_referrer": _dimension(
            views, "referrer", "referrer_url", "referrer_url", lambda url: normalize_referrer(url, shop), REFERRER
        ),
        "dim_device": _dimension(views, "device", "device_id", "user_agent", parse_user_agent, DEVICE),
    }
    stores = tables["dim_country"]
    hosts = [parse_web_address(url or "").host for url in stores["current_url"]]
    found = [store_country(store, host, shop) for store, host in zip(stores["store_id"], hosts, strict=True)]
    for name in COUNTRY:
        stores[name] = [getattr(country, name, None) for country in found]
    grouped = views.groupby(list(KEYS), dropna=False)
    tables["fact_product_views"] = grouped.agg(
        view_count=("id", "size"),
        unique_visitors=("device_id", "nunique"),
        first_view_time=("viewed_at", "min"),
        last_view_time=("viewed_at", "max"),
    ).reset_index()
    return tables


def _dimension(
    views: pd.DataFrame,
    name: str,
    identity: str,
    described_by: str,
    describe: Describe | None,
    columns: tuple[str, ...],
) -> pd.DataFrame:
    """Members in order of appearance, keys from 1; gives the views the member's key."""
    kept = [identity] if identity == described_by else [identity, described_by]
    members = views[kept].drop_duplicates(identity, keep="last").reset_index(drop=True)
    members[f"{name}_key"] = members.index + 1
    views[f"{name}_key"] = views[identity].map(dict(zip(members[identity], members[f"{name}_key"], strict=True)))
    if describe is not None:
        values = members[described_by].tolist()
        told = {value: describe(value) for value in set(values)}
        for column in columns:
            members[column] = [getattr(told[value], column, None) for value in values]
    return members


def main() -> int:
    """Do what SEED_PEER says, and write what it cost and made to the file it names."""
    from pyspark.sql import SparkSession

    setup: dict[str, Any] = json.loads(os.environ["SEED_PEER"])
    builder = SparkSession.builder.config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.execution.arrow.pyspark.enabled", "true").getOrCreate()
    phases: dict[str, float] = {}
    started = time.monotonic()

    def phase(name: str) -> None:
        phases[name] = time.monotonic() - started - sum(phases.values())

    login = {"username": "etl", "password": setup["mongo_password"]}
    with MongoClient[dict[str, Any]]("127.0.0.1", setup["mongo_port"], **login) as client:
        documents = client[DATABASE][setup["collection"]].find({"event.collection": PRODUCT_VIEW})
        rows = [[_text(document["event"].get(name)) for name in FIELDS] for document in documents]
    phase(READ)
    tables = star(pd.DataFrame(rows, columns=list(FIELDS)))
    phase(TRANSFORM)
    owner = {
        "user": setup["user"],
        "password": setup["password"],
        "driver": "org.postgresql.Driver",
        "truncate": "true",
    }
    for name, table in tables.items():
        texts = {column: "string" for column in table.columns if table[column].dtype == object}
        frame = session.createDataFrame(table.astype(texts))
        frame.write.jdbc(setup["url"], f"seed.{name}", mode="overwrite", properties=owner)
    phase(WRITE)
    views = int(tables["fact_product_views"]["view_count"].sum())
    Path(setup["result"]).write_text(json.dumps({"phases": phases, "documents": len(rows), "views": views}))
    session.stop()
    return 0


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


if __name__ == "__main__":
    sys.exit(main())
