"""Live numbers over HTTP: what series there are, their history, and what the WebSocket begins with."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from serving.problem import Code, Problem
from serving.query.live_store import Range
from serving.query.metric_names import aggregate_of, definition_of
from serving.query.parameters import JSON, From, To, answer, epoch, refused
from serving.query.parts import Parts, Viewer

RESOLUTIONS = (1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800)
"""Seconds; those that are no multiple of the window are left out."""
MOST_POINTS = 3000
WANTED_POINTS = 750
"""About as many as a chart has pixels."""
router = APIRouter(tags=["live"])
Name = Annotated[str, Query(max_length=200)]


@router.get("/api/live/catalog", summary="What series there are")
async def get_catalog(parts: Parts, _: Viewer, hours: Annotated[int, Query(ge=1, le=24 * 30)] = 24) -> Response:
    """Those with a window in the `hours` before the newest one."""
    found = await parts.live.catalog(hours)
    return answer({"series": [_described(each) for each in found]})


def _described(series: dict[str, Any]) -> dict[str, Any]:
    metric = series["metric"]
    return {**series, "aggregate": aggregate_of(metric), "definition": definition_of(metric)}


@router.get("/api/live/snapshot", summary="The last hour of every series, as /ws/live begins with it")
async def get_snapshot(parts: Parts, _: Viewer) -> Response:
    """Come by WebSocket for what changes: asking again costs as much as the first time."""
    if not await parts.hub.filled():
        raise Problem(Code.STORE_UNAVAILABLE, "the live numbers are not there", (), 2)
    return Response(parts.hub.state.snapshot(), 200, {"Cache-Control": "no-store"}, JSON)


@router.get("/api/live/series", summary="The history of a series; missing windows are null")
async def get_series(
    parts: Parts,
    _: Viewer,
    feed: Annotated[str, Query(max_length=200, examples=["product_views"])],
    metric: Annotated[str, Query(max_length=200, examples=["views"])],
    since: From = None,
    until: To = None,
    dimension: Name = "",
    member: Annotated[str | None, Query(max_length=500)] = None,
    resolution: Annotated[str, Query(description="auto, or seconds", pattern=r"^(auto|\d{1,6})$")] = "auto",
) -> Response:
    """A dimension without a member is its ten greatest members; an hour up to now without a range."""
    stream = await parts.live.stream()
    last = epoch(until, "to", time.time())
    first = epoch(since, "from", last - 3600)
    if first >= last:
        raise refused("from", "is not before to")
    step = _resolution(resolution, last - first, stream["window_seconds"])
    asked = Range(feed, metric, dimension, member if dimension else "", first // step * step, last, step)
    rows = await parts.live.series(asked)
    return answer({**_told(asked), **_newest(rows), "series": _series(asked, rows)})


def _resolution(told: str, seconds: float, window: int) -> int:
    fitting = [each for each in (*RESOLUTIONS, window) if each % window == 0]
    if told == "auto":
        return min((each for each in fitting if seconds / each <= WANTED_POINTS), default=max(fitting))
    step = int(told)
    if step not in fitting:
        raise refused("resolution", f"is auto or one of {', '.join(map(str, sorted(set(fitting))))}")
    if seconds / step > MOST_POINTS:
        raise refused("resolution", f"gives more than {MOST_POINTS} points")
    return step


def _told(asked: Range) -> dict[str, Any]:
    return {
        "feed": asked.feed,
        "metric": asked.metric,
        "dimension": asked.dimension,
        "definition": definition_of(asked.metric),
        "aggregate": aggregate_of(asked.metric),
        "resolution": asked.resolution,
        "from": int(asked.since),
        "to": int(asked.until),
    }


def _newest(rows: list[dict[str, Any]]) -> dict[str, Any]:
    newest = [row["newest"] for row in rows]
    closed = [row["newest_closed"] for row in rows if row["newest_closed"] is not None]
    return {
        "unit": next((row["unit"] for row in rows if row["unit"]), ""),
        "newest": max(newest, default=None),
        "newest_closed": max(closed, default=None),
    }


def _series(asked: Range, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    members: dict[str, dict[int, float | None]] = {} if asked.member is None else {asked.member: {}}
    for row in rows:
        members.setdefault(row["member"], {})[row["bucket"]] = row["value"]
    starts = range(int(asked.since), int(asked.until) + (asked.until % 1 > 0), asked.resolution)
    greatest = sorted(members, key=lambda name: -sum(value or 0 for value in members[name].values()))
    return [{"member": name, "points": [[at, members[name].get(at)] for at in starts]} for name in greatest]
