"""The pipeline as it runs: each stage with rate, lag, errors and state; settings, and values that may be changed."""

import asyncio
import time
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, FiniteFloat
from starlette.responses import Response

from kafka.feeds.feed import MAIN, Feed
from serving.problem import Code, Problem
from serving.query.bus_lag import Lag
from serving.query.configuration import configuration
from serving.query.local_logs import LocalLogs
from serving.query.parameters import Cursor, answer, make_cursor, read_cursor, refused
from serving.query.parts import Operator, Parts, Viewer
from serving.query.parts import Query as Everything
from serving.query.warehouse import table_of

BEHIND_SECONDS = 60.0
LAST_RUN = """
SELECT run_id, status, mode, started_at, finished_at, events, loaded, duplicates, rejected, error
FROM etl.run ORDER BY run_id DESC LIMIT 1
"""
WATERMARKS = "SELECT bus_topic, bus_partition, next_offset FROM etl.watermark"
POSITIONS = "SELECT bus_topic, bus_partition, next_offset FROM live.position"
STREAM = """
SELECT batch_id, watermark, updated_at, extract(epoch FROM now() - updated_at)::float8 AS silent_seconds
FROM live.stream
"""
AUDITS = """
SELECT audit_id, at, account, action, subject, before, after
FROM serving.audit WHERE (%(before)s::bigint IS NULL OR audit_id < %(before)s) ORDER BY audit_id DESC LIMIT %(limit)s
"""
EDGES = (
    ("source", "mirror"),
    ("mirror", "bus"),
    ("api", "bus"),
    ("bus", "landing"),
    ("landing", "mongodb"),
    ("bus", "indexer"),
    ("indexer", "elasticsearch"),
    ("mongodb", "etl"),
    ("etl", "warehouse"),
    ("bus", "stream"),
    ("stream", "warehouse"),
)
STORES = {
    "source": "Source Kafka",
    "bus": "Kafka",
    "mongodb": "MongoDB",
    "elasticsearch": "Elasticsearch",
    "warehouse": "PostgreSQL",
}
STATE_OF_RUN = {"failed": "failed", "crashed": "failed", "running": "running"}
router = APIRouter(tags=["pipeline"])
Stage = dict[str, Any]


class NewValue(BaseModel):
    """What a tunable value becomes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"value": 2}]})

    value: FiniteFloat


@router.get("/api/pipeline", summary="The stages, and what is between them")
async def get_pipeline(parts: Parts, _: Viewer) -> Response:
    """Lags of consumers are those of the last sample, seconds ago; `null` is not known."""
    told, is_reached = await _told(parts)
    stages = [_mirror(parts), _api(parts)]
    for feed in parts.feeds.values():
        for name, store in (("landing", "mongodb"), ("indexer", "elasticsearch")):
            stages.append(_consumer(parts, feed, name, store))
    stages += [_etl(parts, told), _stream(parts, told)]
    reached = {"bus": parts.bus.is_reached, "warehouse": is_reached}
    stores = [{"name": name, "title": title, "is_reached": reached.get(name)} for name, title in STORES.items()]
    return answer({"at": int(time.time()), "stages": stages, "edges": EDGES, "stores": stores})


async def _told(parts: Everything) -> tuple[dict[str, Any] | None, bool | None]:
    """What the warehouse tells, and whether it is reached: None where it does answer, but not this in time."""
    try:
        return await parts.warehouse.do(_warehouse_side), True
    except Problem as problem:
        return None, False if problem.code is Code.STORE_UNAVAILABLE else None


def _warehouse_side(connection: psycopg.Connection) -> dict[str, Any]:
    runs, streams = table_of(connection, LAST_RUN).dicts(), table_of(connection, STREAM).dicts()
    return {
        "run": runs[0] if runs else None,
        "stream": streams[0] if streams else None,
        "loaded": _by_topic(table_of(connection, WATERMARKS).rows),
        "counted": _by_topic(table_of(connection, POSITIONS).rows),
    }


def _by_topic(rows: list[tuple[Any, ...]]) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for topic, partition, offset in rows:
        found.setdefault(topic, {})[partition] = offset
    return found


def _stage(name: str, title: str, feed: str | None, way: tuple[str, str], lag: Lag, state: str, detail: str) -> Stage:
    told = {"name": name, "title": title, "feed": feed, "from": way[0], "to": way[1], "state": state}
    return {**told, "rate": lag.rate, "lag_records": lag.records, "lag_seconds": lag.seconds, "detail": detail}


def state_of(lag: Lag) -> str:
    """By what the consumer has done: a process is not looked at, which may run elsewhere."""
    if lag.records is None:
        return "unknown"
    if not lag.records:
        return "running" if lag.rate else "idle"
    if lag.rate == 0 and (lag.seconds or 0) > BEHIND_SECONDS:
        return "stopped"
    return "behind" if (lag.seconds or 0) > BEHIND_SECONDS else "running"


def _consumer(parts: Everything, feed: Feed, name: str, store: str) -> Stage:
    lag = parts.bus.of_group(feed.topic, parts.groups[feed.name][name])
    why = "its consumer group has no position yet" if parts.bus.is_reached else "the bus does not answer"
    detail = why if lag.records is None else ""
    stage = _stage(name, f"{name.capitalize()} of {feed.name}", feed.name, ("bus", store), lag, state_of(lag), detail)
    return {**stage, "errors": parts.dead_letters.known_errors(feed.dead_letter_topic, name)}


def _mirror(parts: Everything) -> Stage:
    feed = parts.feeds[MAIN]
    rate = parts.bus.end_rate(feed.topic)
    state = "unknown" if rate is None else "running" if rate else "idle"
    detail = "what comes onto the topic, posted events included; how far the source is only the mirror knows"
    stage = _stage("mirror", "Mirror", feed.name, ("source", "bus"), Lag(None, None, rate), state, detail)
    return {**stage, "errors": parts.dead_letters.known_errors(feed.dead_letter_topic, "mirror")}


def _api(parts: Everything) -> Stage:
    letters = [parts.dead_letters.known_errors(feed.dead_letter_topic, "api") for feed in parts.feeds.values()]
    known = [each for each in letters if each is not None]
    lag = Lag(parts.events_in_flight(), None, None)
    stage = _stage("api", "Ingest API", None, ("clients", "bus"), lag, "running", "events that wait for the bus")
    return {**stage, "errors": sum(known) if known else None}


def _etl(parts: Everything, told: dict[str, Any] | None) -> Stage:
    if told is None:
        return {**_untold("etl", "Batch load", ("mongodb", "warehouse")), "last_run": None}
    topic, run = parts.feeds[MAIN].topic, told["run"]
    lag = parts.bus.of_positions(topic, told["loaded"].get(topic, {}))
    state = "unknown" if run is None else STATE_OF_RUN.get(run["status"], "idle")
    detail = "it loads when it is run; the lag is what the next run will find" if run else "no run yet"
    stage = _stage("etl", "Batch load", MAIN, ("mongodb", "warehouse"), lag, state, detail)
    return {**stage, "errors": run and run["rejected"], "last_run": run}


def _untold(name: str, title: str, way: tuple[str, str]) -> Stage:
    lag = Lag(None, None, None)
    return {**_stage(name, title, MAIN, way, lag, "unknown", "the warehouse does not answer"), "errors": None}


def _stream(parts: Everything, told: dict[str, Any] | None) -> Stage:
    if told is None:
        return {**_untold("stream", "Stream", ("bus", "warehouse")), "watermark": None, "age_seconds": None}
    topic, stream = parts.feeds[MAIN].topic, told["stream"]
    lag = parts.bus.of_positions(topic, told["counted"].get(topic, {}))
    silent = stream and stream["silent_seconds"]
    state = "unknown"
    if silent is not None:
        state = "stopped" if silent > BEHIND_SECONDS and lag.records else state_of(lag)
    detail = "no batch yet" if silent is None else ""
    stage = _stage("stream", "Stream", MAIN, ("bus", "warehouse"), lag, state, detail)
    # A number of its own: a text would be another one with each answer, and pages be made anew.
    age = None if silent is None else round(silent, 1)
    return {**stage, "errors": None, "watermark": stream and stream["watermark"], "age_seconds": age}


@router.get("/api/pipeline/configuration", summary="Settings without their secrets, and values that may be changed")
async def get_configuration(parts: Parts, _: Viewer) -> Response:
    """As this process sees them; another one may have an environment of its own."""
    groups = await asyncio.get_running_loop().run_in_executor(parts.reading, configuration)
    return answer({"groups": groups, "tunables": parts.tunables.described()})


@router.put("/api/pipeline/tunables/{name}", summary="Change a value while the API runs")
async def set_tunable(
    parts: Parts,
    account: Operator,
    name: Annotated[str, Path(max_length=100, examples=["live_poll_seconds"])],
    new: NewValue,
) -> Response:
    """Every process takes it up within seconds. With a row of the audit."""
    return answer(await parts.tunables.set(parts.warehouse, name, new.value, account.name))


@router.get("/api/pipeline/logs", summary="The end of a local server's log, without secrets")
async def get_logs(
    parts: Parts,
    _: Viewer,
    server: Annotated[str | None, Query(max_length=100)] = None,
    lines: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """`servers` is empty where this process does not run beside them."""
    logs: LocalLogs = parts.logs
    loop = asyncio.get_running_loop()
    names = await loop.run_in_executor(parts.reading, logs.names)
    chosen = server or next(iter(names), None)
    if server is not None and server not in names:
        raise refused("server", f"is one of {', '.join(names) or 'none here'}")
    found = await loop.run_in_executor(parts.reading, logs.end_of, chosen, lines) if chosen else None
    shown = None if found is None else [{"text": line} for line in found]
    return answer({"servers": names, "server": chosen, "lines": shown})


@router.get("/api/audit", summary="What operators have changed, the newest first")
async def get_audit(
    parts: Parts, _: Operator, limit: Annotated[int, Query(ge=1, le=500)] = 50, cursor: Cursor = None
) -> Response:
    """Nothing removes a row of it."""
    before = read_cursor(cursor)
    if before is not None and not isinstance(before, int):
        raise refused("cursor", "is of another list")
    rows = await parts.warehouse.rows(AUDITS, {"before": before, "limit": limit + 1})
    following = make_cursor(rows[limit - 1]["audit_id"]) if len(rows) > limit else None
    return answer({"items": rows[:limit], "next_cursor": following})
