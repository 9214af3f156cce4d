"""The checks of the data with their history, and what was rejected or refused on the way."""

import asyncio
from datetime import date
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from serving.problem import Code, Problem
from serving.query.parameters import FirstDay, LastDay, answer
from serving.query.parts import Parts, Viewer
from serving.query.warehouse import table_of

LAST = """
SELECT DISTINCT ON (check_name) check_name AS check, severity, passed, observed, bound, unit, detail, checked_at, run_id
FROM etl.quality_result
ORDER BY check_name, checked_at DESC
"""
HISTORY = """
SELECT checked_at, passed, observed, bound, run_id
FROM (
    SELECT * FROM etl.quality_result WHERE check_name = %s ORDER BY checked_at DESC LIMIT %s
) AS newest
ORDER BY checked_at
"""
REASONS = """
SELECT rule, field, count(*) AS count, min(event_date) AS first_date, max(event_date) AS last_date
FROM etl.rejected_event
WHERE (%(first)s::date IS NULL OR event_date >= %(first)s) AND (%(last)s::date IS NULL OR event_date <= %(last)s)
GROUP BY rule, field
ORDER BY count DESC, rule, field
"""
# Where they stand, and neither their value nor the event: those may tell of a person.
REJECTED = """
SELECT bus_topic AS topic, bus_partition AS partition, bus_offset AS offset, rule, field, kind, event_date, run_id
FROM (
    SELECT *, row_number() OVER (PARTITION BY rule, field ORDER BY run_id DESC, bus_offset DESC) AS place
    FROM (SELECT bus_topic, bus_partition, bus_offset, rule, field, kind, event_date, run_id
          FROM etl.rejected_event) AS shown
    WHERE (%(first)s::date IS NULL OR event_date >= %(first)s) AND (%(last)s::date IS NULL OR event_date <= %(last)s)
) AS newest
WHERE place <= 5
ORDER BY rule, field, place
"""
router = APIRouter(tags=["quality"])


@router.get("/api/quality", summary="The newest result of each check")
async def get_quality(parts: Parts, _: Viewer) -> Response:
    """`checked_at` and `run_id` are those of the newest of all."""
    results = await parts.warehouse.rows(LAST)
    newest = max(results, key=lambda each: each["checked_at"], default=None)
    told = {name: newest and newest[name] for name in ("checked_at", "run_id")}
    return answer({**told, "results": results})


@router.get("/api/quality/{check}", summary="The history of a check, oldest first")
async def get_history(
    parts: Parts,
    _: Viewer,
    check: Annotated[str, Path(max_length=200, examples=["fresh_event"])],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """The newest `limit` results."""
    history = await parts.warehouse.rows(HISTORY, [check, limit])
    if not history:
        raise Problem(Code.NOT_FOUND, "there is no result of such a check")
    return answer({"check": check, "history": history})


@router.get("/api/rejected", summary="What the load has rejected, by rule and field")
async def get_rejected(parts: Parts, _: Viewer, first: FirstDay = None, last: LastDay = None) -> Response:
    """Examples are places on the bus: `./millrace trace PLACE` tells more to whoever may see it."""

    def work(connection: psycopg.Connection) -> dict[str, Any]:
        days: dict[str, date | None] = {"first": first, "last": last}
        return {
            "reasons": table_of(connection, REASONS, days).dicts(),
            "examples": table_of(connection, REJECTED, days).dicts(),
            "replay": {"command": "./millrace etl --replay-rejected", "is_callable": False},
        }

    return answer(await parts.warehouse.do(work))


@router.get("/api/dead-letters", summary="What no stage could store, by stage and reason")
async def get_dead_letters(parts: Parts, _: Viewer) -> Response:
    """Of each feed. Publishing them again needs rights that this process does not have: `replay` is the command."""
    loop = asyncio.get_running_loop()
    asked = [loop.run_in_executor(parts.reading, parts.dead_letters.of, feed) for feed in parts.feeds.values()]
    found = await asyncio.gather(*asked)
    command = "./millrace dead-letters --feed FEED --stage STAGE --reason REASON"
    return answer({"feeds": found, "replay": {"command": command, "is_callable": False}})
