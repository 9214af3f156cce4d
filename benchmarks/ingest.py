"""The ingest API against a bare FastAPI endpoint that only produces and awaits the same acknowledgement.

Lists of 50 readings of sensors over 16 connections, as fast as they are answered; and, of the API alone, 5,000 events a
second, each list due at its time, so that a slow answer delays none of the others and is not hidden.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from benchmarks.figures import Series, Target
from benchmarks.http_load import Load, post_all, request
from benchmarks.processes import Follower
from benchmarks.serving_side import free_port, serving, wait_for_answer
from benchmarks.workspace import Bench, Workspace
from kafka.feeds.declaration import load_feeds
from serving.api_key import Kind, new_key
from utilities.api_keys import MAKE

EVENTS = 200_000
ROUNDS = 3
EVENTS_PER_LIST = 50
CONNECTIONS = 16
EVENTS_PER_SECOND = 5_000
FEED = "sensor-readings"
MIB = 2**20


def run(bench: Bench, number: int, rounds: int) -> None:
    """Post `number` events in `rounds` passes to either side, in turn; then at the promised rate to ours."""
    workspace = Workspace(bench, "ingest", {"API_PORT": str(free_port()), "POSTGRES_DB": "millrace"})
    workspace.prepare("kafka", "postgres")
    bodies = [orjson.dumps(each) for each in _lists(number)]
    bench.report.note(f"\ningest: {number:,} events in lists of {EVENTS_PER_LIST}, {rounds} rounds")
    ours: list[float] = []
    bare: list[float] = []
    headers = {"X-API-Key": _key(workspace)}
    posts = [request(f"/api/events/{FEED}", headers, body) for body in bodies]
    plain = [request("/events", {}, body) for body in bodies]
    with serving(workspace) as (api, port), _bare(workspace) as other:
        post_all(port, posts[:200], CONNECTIONS)
        post_all(other, plain[:200], CONNECTIONS)
        before, memory = api.cpu_seconds(), api.peak_bytes()
        for _ in range(rounds):
            ours.append(number / post_all(port, posts, CONNECTIONS).seconds)
            bare.append(number / post_all(other, plain, CONNECTIONS).seconds)
        cpu = (api.cpu_seconds() - before) / (number * rounds) * 1e6
        paced = post_all(port, posts, CONNECTIONS * 2, EVENTS_PER_SECOND / EVENTS_PER_LIST)
        _report(bench, Series(ours), Series(bare), paced, cpu, (memory, api.peak_bytes()))


def _lists(number: int) -> Iterator[list[dict[str, object]]]:
    for first in range(0, number, EVENTS_PER_LIST):
        yield [
            {
                "device_id": f"sensor-{each % 500}",
                "temperature": 15 + each % 100 / 10,
                "humidity": each % 100,
                "timestamp": f"2026-01-03T{each // 3600 % 24:02d}:{each // 60 % 60:02d}:{each % 60:02d}Z",
            }
            for each in range(first, min(first + EVENTS_PER_LIST, number))
        ]


def _key(workspace: Workspace) -> str:
    key = new_key(Kind.SECRET)
    with workspace.warehouse() as connection:
        values = [key.key_id, "secret", "benchmark", key.secret_hash, [FEED], [], 10**9, 10**9]
        connection.execute(MAKE, values)
    return key.text


@contextmanager
def _bare(workspace: Workspace) -> Iterator[int]:
    port, topic = free_port(), load_feeds()[FEED].topic
    told = {"client": workspace.bench.local_client(), "topic": topic, "port": port}
    environment = {**workspace.environment, "BARE_ENDPOINT": json.dumps(told)}
    command = workspace.command("benchmarks.bare_endpoint")
    with Follower("the bare endpoint", command, environment, workspace.log("bare_endpoint")) as bare:
        wait_for_answer(bare, f"http://127.0.0.1:{port}/openapi.json")
        yield port


def _report(bench: Bench, ours: Series, bare: Series, paced: Load, cpu: float, memory: tuple[int, int]) -> None:
    before, after = (each / MIB for each in memory)
    rows = [
        ("ingest API", ours.text(0), f"{cpu:.1f}", f"{after:,.0f}", f"{ours.per(bare):.2f} x"),
        ("bare endpoint", bare.text(0), "", "", "1.00 x"),
    ]
    bench.report.table("Ingest", ("side", "events/s", "CPU us/event", "peak MiB", "of the bare endpoint"), rows)
    p50, p99 = (paced.percentile(share) * 1000 for share in (0.5, 0.99))
    rate = len(paced.latencies) * EVENTS_PER_LIST / paced.seconds
    bench.report.note(
        f"at {rate:,.0f} events/s: p50 {p50:.1f} ms, p99 {p99:.1f} ms; peak {before:.0f} -> {after:.0f} MiB"
    )
    bench.report.target(Target("ingest: throughput vs bare endpoint", ours.per(bare), 0.6, at_most=False))
    bench.report.target(Target("ingest: events/s", ours.median, EVENTS_PER_SECOND, at_most=False, unit="/s"))
    bench.report.target(Target(f"ingest: p99 at {EVENTS_PER_SECOND:,}/s", p99, 50.0, at_most=True, unit="ms"))
    bench.report.target(Target("ingest: memory grows by", after / before, 1.2, at_most=True))
