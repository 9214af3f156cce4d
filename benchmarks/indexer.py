"""The indexer against the client's own `parallel_bulk` of ready-made documents, two threads.

The indexer is timed from the start of its process to its end. The peer sends the very documents that the indexer
made, read back from the index; only its bulk requests are timed. Each side writes indices that do not exist yet.
"""

import gzip
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from elasticsearch import Elasticsearch, OrjsonSerializer
from elasticsearch.helpers import parallel_bulk, scan

from benchmarks.feed import PARTITIONS, Feed, TopicWriter, events
from benchmarks.figures import Series, Target
from benchmarks.processes import Usage
from benchmarks.workspace import Bench, Workspace
from config.errors import TerminalError
from kafka.position import partition_key
from kafka.sinks.elasticsearch_marks import PROGRESS_INDEX

EVENTS = 200_000
ROUNDS = 3
INDICES = "product-views-*"
THREADS = 2
DOCUMENTS_PER_REQUEST = 1_000
DOCUMENTS_IN_MEMORY = 50_000

Action = dict[str, Any]


def run(bench: Bench, number: int, rounds: int) -> None:
    """Index `number` events in `rounds` passes, and bulk the same documents without the indexer."""
    workspace = Workspace(bench, "indexer")
    feed = Feed(events(number))
    workspace.prepare("source-kafka", "kafka")
    bench.create_topic(workspace.topic)
    TopicWriter(bench.local_client(), workspace.topic).write(feed.records)
    bench.report.note(f"\nindexer: {len(feed):,} events of {feed.mean_bytes:.0f} bytes, {rounds} rounds")
    ready_made = bench.directory / "indexed.jsonl.gz"
    indexed: list[Usage] = []
    own: list[float] = []
    bulked: list[float] = []
    documents = 0
    with elasticsearch_client(bench) as client:
        for _ in range(rounds):
            _delete_indices(client)
            indexed.append(workspace.run("kafka.indexer"))
            own.append(workspace.stage_seconds("kafka.indexer"))
            workspace.forget_group("millrace-indexer")
            _forget_progress(client, workspace.topic)
            client.indices.refresh(index=INDICES)
            if not documents:
                documents = _read_back(client, ready_made)
            _check_count(client, documents)
            _delete_indices(client)
            bulked.append(_parallel_bulk(client, ready_made))
            client.indices.refresh(index=INDICES)
            _check_count(client, documents)
    _report(bench, documents, indexed, Series([documents / seconds for seconds in own]), Series(bulked))


@contextmanager
def elasticsearch_client(bench: Bench) -> Iterator[Elasticsearch]:
    """A client that may do anything."""
    password = bench.servers.secrets.reveal("elasticsearch_elastic_password")
    client = Elasticsearch(
        f"http://127.0.0.1:{bench.servers.settings.elasticsearch_port}",
        basic_auth=("elastic", password),
        # The faster of the client's two serialisers.
        serializers={"application/json": OrjsonSerializer()},
        request_timeout=120,
    )
    try:
        yield client
    finally:
        client.close()


def _delete_indices(client: Elasticsearch) -> None:
    names = list(client.indices.get(index=INDICES))
    if names:
        client.indices.delete(index=names)


def _forget_progress(client: Elasticsearch, topic: str) -> None:
    for partition in range(PARTITIONS):
        client.options(ignore_status=404).delete(index=PROGRESS_INDEX, id=partition_key(topic, partition))


def _check_count(client: Elasticsearch, documents: int) -> None:
    found = client.count(index=INDICES)["count"]
    if found != documents:
        raise TerminalError(f"{found} of {documents} documents were indexed")


def _read_back(client: Elasticsearch, path: Path) -> int:
    """Write every indexed document to a file, as a bulk action a line; returns their number."""
    number = 0
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for hit in scan(client, index=INDICES, size=2_000):
            action = {"_op_type": "create", "_index": hit["_index"], "_id": hit["_id"], "_source": hit["_source"]}
            stream.write(orjson.dumps(action) + b"\n")
            number += 1
    return number


def _parallel_bulk(client: Elasticsearch, path: Path) -> float:
    """Documents a second."""
    seconds, sent = 0.0, 0
    with gzip.open(path, "rb") as stream:
        while ready := [orjson.loads(line) for line in islice(stream, DOCUMENTS_IN_MEMORY)]:
            started = time.monotonic()
            for _ in parallel_bulk(client, ready, thread_count=THREADS, chunk_size=DOCUMENTS_PER_REQUEST):
                pass
            seconds += time.monotonic() - started
            sent += len(ready)
    return sent / seconds


def _report(bench: Bench, number: int, indexed: list[Usage], own: Series, ceiling: Series) -> None:
    indexer = Series([number / usage.seconds for usage in indexed])
    cpu = Series([usage.cpu_seconds / number * 1e6 for usage in indexed])
    peak = max(usage.peak_bytes for usage in indexed) / 2**20
    rows = [
        ("indexer, whole process", indexer.text(0), cpu.text(1), f"{peak:,.0f}", f"{indexer.per(ceiling):.2f} x"),
        ("indexer, without its start", own.text(0), "", "", f"{own.per(ceiling):.2f} x"),
        (f"parallel_bulk of {DOCUMENTS_PER_REQUEST:,}, {THREADS} threads", ceiling.text(0), "", "", "1.00 x"),
    ]
    bench.report.table("Indexer", ("side", "events/s", "CPU us/event", "peak MiB", "of the ceiling"), rows)
    bench.report.target(Target("indexer: throughput vs parallel_bulk", indexer.per(ceiling), 0.6, at_most=False))
