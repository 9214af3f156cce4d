"""A process of its own: the landed documents of a raw collection into PostgreSQL by dlt.

The documents are read by the same client and in the same order for each way; which settings dlt has is told by its
own environment variables (`SETTINGS`).
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from psycopg import sql

from benchmarks.processes import Usage, measure
from benchmarks.workspace import DATABASE, Workspace

DEFAULT, TUNED, ARROW = "default settings", "tuned", "tuned, Arrow tables"
TABLE = "raw_event"
PAGE = 10_000
# Lists that dlt would otherwise turn into tables of their own, two to four more rows a document.
JSON_COLUMNS = ("kafka__headers", "event__option", "event__cart_products")
# "Optimizing dlt" and "Postgres" of dlt's documentation: pages instead of rows, larger buffers, files that rotate so
# that a process for each core can normalise them, no compression on the way, and COPY of CSV instead of INSERTs.
TUNED_SETTINGS = {
    "DATA_WRITER__BUFFER_MAX_ITEMS": "25000",
    "DATA_WRITER__FILE_MAX_ITEMS": "50000",
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "NORMALIZE__WORKERS": "2",
    "LOAD__WORKERS": "4",
}
# Arrow tables are not normalised, so there is nothing to do in parallel: a second process only costs its start.
ARROW_SETTINGS = {**TUNED_SETTINGS, "NORMALIZE__WORKERS": "1"}
SETTINGS: dict[str, dict[str, str]] = {DEFAULT: {}, TUNED: TUNED_SETTINGS, ARROW: ARROW_SETTINGS}

Document = Mapping[str, Any]


@dataclass(frozen=True)
class DltPeer:
    """Loads the raw collection of a workspace into a schema of its warehouse's database, as often as asked."""

    warehouse: Workspace

    def load(self, way: str) -> tuple[Usage, float, int, int]:
        """Cost of the process, seconds of dlt within it, documents loaded, and product views among them."""
        bench = self.warehouse.bench
        result, folder = bench.directory / "dlt-seconds", bench.directory / "dlt"
        password = bench.servers.secrets.reveal("postgres_owner_password")
        address = f"127.0.0.1:{bench.servers.settings.postgres_port}/{self.warehouse.database}"
        setup = {
            "way": way,
            "destination": f"postgresql://warehouse_owner:{password}@{address}",
            "mongo_port": bench.servers.settings.mongo_port,
            "mongo_password": bench.servers.secrets.reveal("mongo_etl_password"),
            "collection": self.warehouse.collection,
            "folder": str(folder),
            "result": str(result),
        }
        environment = {
            **self.warehouse.environment,
            **SETTINGS[way],
            "DLT_PEER": json.dumps(setup),
            "DLT_DATA_DIR": str(folder),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }
        command = [sys.executable, "-m", "benchmarks.dlt_peer"]
        usage = measure(command, environment, self.warehouse.log("dlt"), f"dlt, {way}")
        # The files of a finished load, and what dlt remembers of the schema.
        shutil.rmtree(folder)
        return usage, float(result.read_text()), *self._take_back(way)

    def _take_back(self, way: str) -> tuple[int, int]:
        """Count what was loaded and drop it, so that the next pass begins with nothing."""
        schema, column = dataset(way), "event_collection" if way == ARROW else "event__collection"
        count = sql.SQL("SELECT count(*), count(*) FILTER (WHERE {} = 'view_product_detail') FROM {}").format(
            sql.Identifier(column), sql.Identifier(schema, TABLE)
        )
        with self.warehouse.warehouse() as connection:
            documents, views = connection.execute(count).fetchone() or (0, 0)
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        return documents, views


def dataset(way: str) -> str:
    """The schema that a way of loading writes to."""
    return f"dlt_{sorted(SETTINGS).index(way)}"


def pages(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """The documents in lists of `PAGE`, as dlt's documentation advises."""
    page: list[Document] = []
    for document in documents:
        page.append(document)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def columns(page: list[Document]) -> dict[str, list[Any]]:
    """A page by column, for an Arrow table: every field of the events as text, lists and objects as JSON."""
    names = dict.fromkeys(name for document in page for name in document["event"])
    table: dict[str, list[Any]] = {
        "position": [document["_id"] for document in page],
        "bus_timestamp": [document["kafka"]["timestamp"] for document in page],
        "bus_key": [_text(document["kafka"]["key"]) for document in page],
        "bus_headers": [_text(document["kafka"]["headers"]) for document in page],
        "landed_at": [document["landed_at"] for document in page],
    }
    for name in names:
        # dlt would give `id` and `_id` one name.
        column = "event_object_id" if name == "_id" else f"event_{name}"
        table[column] = [_text(document["event"].get(name)) for document in page]
    return table


def _text(value: object) -> str | None:
    if value is None or type(value) is str:
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return orjson.dumps(value, default=str).decode()


def main() -> int:
    """Do what DLT_PEER says, and write the seconds that it took to the file it names."""
    import dlt
    import pyarrow as pa
    from dlt.common.schema.typing import TColumnSchema
    from pymongo import MongoClient

    setup: dict[str, Any] = json.loads(os.environ["DLT_PEER"])
    way = setup["way"]

    def documents() -> Iterator[Any]:
        login = {"username": "etl", "password": setup["mongo_password"]}
        with MongoClient[dict[str, Any]]("127.0.0.1", setup["mongo_port"], **login) as client:
            for page in pages(client[DATABASE][setup["collection"]].find(batch_size=PAGE)):
                yield pa.table(columns(page)) if way == ARROW else page

    hints: dict[str, TColumnSchema] = {}
    if way == TUNED:
        hints = {name: {"data_type": "json"} for name in JSON_COLUMNS}
    resource = dlt.resource(documents, name=TABLE, write_disposition="append", columns=hints)
    pipeline = dlt.pipeline(
        f"peer_{dataset(way)}",
        destination=dlt.destinations.postgres(setup["destination"]),
        dataset_name=dataset(way),
        pipelines_dir=setup["folder"],
    )
    started = time.monotonic()
    # INSERTs are what dlt chooses for PostgreSQL by itself.
    pipeline.run(resource, loader_file_format="insert_values" if way == DEFAULT else "csv").raise_on_failed_jobs()
    Path(setup["result"]).write_text(str(time.monotonic() - started))
    return 0


if __name__ == "__main__":
    sys.exit(main())
