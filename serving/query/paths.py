"""Ways through the shop: the funnel, common paths, how long sessions last, and one visitor's events."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import psycopg
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from serving.problem import Code, Problem
from serving.query.parameters import Cursor, FirstDay, LastDay, answer, day_key, days, make_cursor, read_cursor, refused
from serving.query.parts import Parts, Viewer
from serving.query.warehouse import table_of

STEPS = {
    "sessions": "Sessions",
    "viewed": "Saw a product",
    "carted": "Put into the cart",
    "checked_out": "Opened the checkout",
    "ordered": "Ordered",
}
_MEDIAN = "percentile_cont(0.5) WITHIN GROUP (ORDER BY {})::float8"
FUNNEL = f"""
SELECT count(*) AS sessions, count(*) FILTER (WHERE viewed) AS viewed, count(*) FILTER (WHERE carted) AS carted,
       count(*) FILTER (WHERE checked_out) AS checked_out, count(*) FILTER (WHERE ordered) AS ordered,
       {_MEDIAN.format("seconds_to_cart")} AS to_carted, {_MEDIAN.format("seconds_to_checkout")} AS to_checked_out,
       {_MEDIAN.format("seconds_to_order")} AS to_ordered
FROM mart.session_steps
WHERE date_key BETWEEN %(first)s AND %(last)s
  AND (%(store)s::text IS NULL OR store_id = %(store)s) AND (%(device)s::text IS NULL OR device_type = %(device)s)
"""
COMMON = """
SELECT entry_page_type AS entry, next_page_type AS second, exit_page_type AS exit, sum(sessions) AS sessions,
       sum(pages) AS pages, sum(sessions_with_cart) AS sessions_with_cart,
       sum(sessions_with_order) AS sessions_with_order
FROM mart.paths
WHERE date_key BETWEEN %(first)s AND %(last)s AND sessions > 0
GROUP BY 1, 2, 3
ORDER BY sessions DESC, 1, 2, 3
LIMIT %(limit)s
"""
BOUNDS = (0, 1, 10, 30, 60, 180, 600, 1800, 3600)
"""Seconds; the first bucket is the sessions of one event."""
DURATIONS = f"""
SELECT width_bucket(duration_seconds, %(bounds)s::bigint[]) AS bucket, count(*) AS sessions,
       ({_MEDIAN.format("duration_seconds").replace("::float8", "")})::float8 AS median
FROM fact_session
WHERE date_key BETWEEN %(first)s AND %(last)s AND NOT is_bot
GROUP BY GROUPING SETS ((1), ())
"""
VISITORS = """
SELECT visitor, sum(events) AS events, count(*) AS sessions, max(ended_at) AS last_at
FROM fact_session
WHERE date_key BETWEEN %(first)s AND %(last)s AND visitor IS NOT NULL AND NOT is_bot
GROUP BY visitor
ORDER BY events DESC, visitor
LIMIT %(limit)s
"""
SESSIONS = """
SELECT session_id, started_at, ended_at, duration_seconds AS seconds, events, views, entry_page, exit_page,
       reached_cart, reached_checkout, reached_order, is_bot
FROM fact_session
WHERE visitor = %s
ORDER BY started_at DESC
LIMIT 100
"""
EVENTS = """
SELECT event.event_id, event.event_time AS at, kind.kind, kind.page_type AS page, event.page AS address,
       nullif(product.product_key, -2) AS product_key, product.product_id, product.product_name AS product,
       event.session_id
FROM fact_event AS event
JOIN dim_event_kind AS kind USING (kind_key)
LEFT JOIN dim_product AS product USING (product_key)
WHERE event.visitor = %(visitor)s
  AND (%(at)s::timestamptz IS NULL OR (event.event_time, event.event_id) < (%(at)s::timestamptz, %(id)s::uuid))
ORDER BY event.event_time DESC, event.event_id DESC
LIMIT %(limit)s
"""
STORES = """
SELECT store_id, concat_ws(' ', coalesce(country_name, 'Unknown'), '(' || store_id || ')') AS label, country_name
FROM dim_store
WHERE country_key > 0
ORDER BY country_name NULLS LAST, store_id
"""
router = APIRouter(tags=["paths"])
Text = Annotated[str | None, Query(max_length=100)]


def _range(first: date | None, last: date | None) -> dict[str, Any]:
    since, until = days(first, last)
    return {"first": day_key(since), "last": day_key(until)}


@router.get("/api/stores", summary="The stores, for filters", tags=["reports"])
async def get_stores(parts: Parts, _: Viewer) -> Response:
    """As events have named them."""
    return answer({"stores": await parts.warehouse.rows(STORES)})


@router.get("/api/paths/funnel", summary="How far sessions of people come")
async def get_funnel(
    parts: Parts, _: Viewer, first: FirstDay = None, last: LastDay = None, store: Text = None, device: Text = None
) -> Response:
    """The last 30 days without a range. `median_seconds` is from the step before."""
    values = {**_range(first, last), "store": store, "device": device}
    (told,) = await parts.warehouse.rows(FUNNEL, values)
    steps, before = [], None
    for name, title in STEPS.items():
        count = told[name]
        rates = {"rate": _share(count, told["sessions"]), "rate_of_previous": _share(count, before or count)}
        steps.append(
            {"step": name, "title": title, "sessions": count, **rates, "median_seconds": told.get(f"to_{name}")}
        )
        before = count
    return answer({"steps": steps, "definition": "/definitions#step-of-the-funnel"})


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


@router.get("/api/paths/common", summary="First, second and last page of sessions of people")
async def get_common(
    parts: Parts,
    _: Viewer,
    first: FirstDay = None,
    last: LastDay = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """By type of page. `edges` are the same paths, summed from a page to the next one."""
    paths = await parts.warehouse.rows(COMMON, {**_range(first, last), "limit": limit})
    edges: dict[tuple[str, str], int] = {}
    for each in paths:
        edge = (each["entry"], each["second"])
        edges[edge] = edges.get(edge, 0) + int(each["sessions"])
    return answer({"paths": paths, "edges": [[*edge, count] for edge, count in edges.items()]})


@router.get("/api/paths/durations", summary="How long sessions of people last")
async def get_durations(parts: Parts, _: Viewer, first: FirstDay = None, last: LastDay = None) -> Response:
    """From the first to the last event: of one event, nothing."""
    rows = await parts.warehouse.rows(DURATIONS, {**_range(first, last), "bounds": list(BOUNDS)})
    counts = {row["bucket"]: row["sessions"] for row in rows}
    whole = next(row for row in rows if row["bucket"] is None)
    buckets = [
        {"from_seconds": since, "to_seconds": until, "sessions": counts.get(place, 0)}
        for place, (since, until) in enumerate(zip(BOUNDS, [*BOUNDS[1:], None], strict=True), 1)
    ]
    return answer({"buckets": buckets, "median_seconds": whole["median"], "sessions": whole["sessions"]})


@router.get("/api/paths/visitors", summary="Visitors with most events, to look at one")
async def get_visitors(
    parts: Parts,
    _: Viewer,
    first: FirstDay = None,
    last: LastDay = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """People, by their keyed hash."""
    return answer({"visitors": await parts.warehouse.rows(VISITORS, {**_range(first, last), "limit": limit})})


@router.get("/api/paths/visitor/{visitor}", summary="A visitor's sessions and events, the newest first")
async def get_visitor(
    parts: Parts,
    _: Viewer,
    visitor: Annotated[UUID, Path(description="The keyed hash", examples=["00000000-0000-0000-0000-000000000001"])],
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    cursor: Cursor = None,
) -> Response:
    """Sessions are the newest hundred. `cursor` goes back in time."""
    told = read_cursor(cursor)
    if told is not None and not (isinstance(told, list) and len(told) == 2):
        raise refused("cursor", "is of another list")
    before = dict(zip(("at", "id"), told or (None, None), strict=True))

    def work(connection: psycopg.Connection) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        values = {"visitor": visitor, **before, "limit": limit + 1}
        return table_of(connection, SESSIONS, [visitor]).dicts(), table_of(connection, EVENTS, values).dicts()

    sessions, events = await parts.warehouse.do(work)
    if not sessions and not events:
        raise Problem(Code.NOT_FOUND, "there is no such visitor")
    shown = events[:limit]
    last = shown[-1] if len(events) > limit else None
    following = make_cursor([last["at"].isoformat(), str(last["event_id"])]) if last else None
    return answer({"visitor": visitor, "sessions": sessions, "events": shown, "next_cursor": following})
