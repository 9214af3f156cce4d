"""Landing against the ceiling, `insert_many` of ready-made documents from one thread, and against one-by-one inserts.

The ceiling is measured twice: with the server's default acknowledgement, and with the durable one that landing waits
for. Landing is timed from the start of its process to its end. Of its peers only the inserts are timed: the documents
are made before, the same ones that landing makes of the same records, and each side writes an empty collection.
"""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from pymongo import WriteConcern
from pymongo.collection import Collection

from benchmarks.feed import Feed, TopicWriter, events
from benchmarks.figures import Series, Target
from benchmarks.processes import Usage
from benchmarks.workspace import DATABASE, Bench, Workspace
from config.errors import TerminalError
from kafka.dead_letter_reasons import EventError
from kafka.event_json import decode_event
from kafka.position import bus_position
from kafka.sinks.mongo import DURABLE

EVENTS = 300_000
ROUNDS = 3
ONE_BY_ONE_EVENTS = 10_000
DOCUMENTS_PER_INSERT = 5_000
DOCUMENTS_IN_MEMORY = 50_000

Document = dict[str, Any]


def run(bench: Bench, number: int, rounds: int) -> None:
    """Land `number` events in `rounds` passes, and insert the same documents without landing."""
    workspace = Workspace(bench, "landing")
    feed = Feed(events(number))
    workspace.prepare("source-kafka", "kafka")
    bench.create_topic(workspace.topic)
    TopicWriter(bench.local_client(), workspace.topic).write(feed.records)
    documents = sum(1 for _ in ready_made(feed, workspace.topic))
    bench.report.note(f"\nlanding: {len(feed):,} events of {feed.mean_bytes:.0f} bytes, {rounds} rounds")
    landed: list[Usage] = []
    own: list[float] = []
    many: list[float] = []
    durable: list[float] = []
    single: list[float] = []
    for _ in range(rounds):
        landed.append(_land(workspace, documents))
        own.append(len(feed) / workspace.stage_seconds("kafka.landing"))
        many.append(_insert_many(workspace, feed))
        durable.append(_insert_many(workspace, feed, DURABLE))
        single.append(_insert_one_by_one(workspace, feed))
    _report(bench, len(feed), landed, Series(own), Series(many), Series(durable), Series(single))


def ready_made(feed: Feed, topic: str) -> Iterator[Document]:
    """The documents that landing makes of the feed, which stands in the topic from its first offset on."""
    landed_at = datetime.now(UTC)
    offsets: Counter[int] = Counter()
    for record in feed.records:
        offset = offsets[record.partition]
        offsets[record.partition] += 1
        try:
            event = decode_event(record.value)
        except EventError:
            continue
        headers = [{"name": name, "value": value} for name, value in record.headers()]
        yield {
            "_id": bus_position(topic, record.partition, offset),
            "event": event,
            "kafka": {"timestamp": record.timestamp_ms, "key": record.key, "headers": headers},
            "landed_at": landed_at,
        }


def _land(workspace: Workspace, documents: int) -> Usage:
    usage = workspace.run("kafka.landing")
    with workspace.mongo("operator") as client:
        landed = client[DATABASE][workspace.collection].count_documents({})
    if landed != documents:
        raise TerminalError(f"{landed} of {documents} documents were landed")
    workspace.forget_landed()
    return usage


def _insert_many(workspace: Workspace, feed: Feed, acknowledged: WriteConcern | None = None) -> float:
    """Events a second; the server's default acknowledgement unless another is given."""
    seconds, inserted = 0.0, 0
    with workspace.mongo("landing") as client:
        collection = client[DATABASE].get_collection(f"{workspace.collection}_many", write_concern=acknowledged)
        documents = ready_made(feed, workspace.topic)
        while ready := list(islice(documents, DOCUMENTS_IN_MEMORY)):
            seconds += _insert(collection, ready)
            inserted += len(ready)
        collection.drop()
    return inserted / seconds


def _insert(collection: Collection[Document], ready: list[Document]) -> float:
    started = time.monotonic()
    for first in range(0, len(ready), DOCUMENTS_PER_INSERT):
        collection.insert_many(ready[first : first + DOCUMENTS_PER_INSERT], ordered=False)
    return time.monotonic() - started


def _insert_one_by_one(workspace: Workspace, feed: Feed) -> float:
    """Events a second, on the first few thousand documents."""
    ready = list(islice(ready_made(feed, workspace.topic), ONE_BY_ONE_EVENTS))
    with workspace.mongo("landing") as client:
        collection = client[DATABASE][f"{workspace.collection}_single"]
        started = time.monotonic()
        for document in ready:
            collection.insert_one(document)
        seconds = time.monotonic() - started
        collection.drop()
    return len(ready) / seconds


def _report(
    bench: Bench,
    number: int,
    landed: list[Usage],
    own: Series,
    ceiling: Series,
    durable: Series,
    one_by_one: Series,
) -> None:
    landing = Series([number / usage.seconds for usage in landed])
    cpu = Series([usage.cpu_seconds / number * 1e6 for usage in landed])
    peak = max(usage.peak_bytes for usage in landed) / 2**20
    rows = [
        ("landing, whole process", landing.text(0), cpu.text(1), f"{peak:,.0f}", f"{landing.per(ceiling):.2f} x"),
        ("landing, without its start", own.text(0), "", "", f"{own.per(ceiling):.2f} x"),
        (f"insert_many of {DOCUMENTS_PER_INSERT:,}, one thread", ceiling.text(0), "", "", "1.00 x"),
        ("the same, durable as landing's", durable.text(0), "", "", f"{durable.per(ceiling):.2f} x"),
        ("insert_one", one_by_one.text(0), "", "", f"{one_by_one.per(ceiling):.2f} x"),
    ]
    columns = ("side", "events/s", "CPU us/event", "peak MiB", "of the ceiling")
    bench.report.table("Landing", columns, rows)
    bench.report.target(Target("landing: throughput vs insert_many", landing.per(ceiling), 0.6, at_most=False))
    bench.report.target(Target("landing: throughput vs one by one", landing.per(one_by_one), 8.0, at_most=False))
