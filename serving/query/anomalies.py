"""Anomalies, and what people say of them."""

from typing import Annotated, Any, Literal

import psycopg
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from serving.problem import Code, Problem
from serving.query.live_store import ANOMALY
from serving.query.parameters import Cursor, From, To, answer, at, epoch, make_cursor, read_cursor, refused
from serving.query.parts import Operator, Parts, Viewer
from serving.query.tunables import AUDIT
from serving.query.warehouse import table_of

LIST = f"""
{ANOMALY}
WHERE (%(feed)s::text IS NULL OR feed = %(feed)s) AND (%(metric)s::text IS NULL OR metric = %(metric)s)
  AND (%(dimension)s::text IS NULL OR dimension = %(dimension)s)
  AND (%(member)s::text IS NULL OR member = %(member)s) AND (%(kind)s::text IS NULL OR kind = %(kind)s)
  AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(active)s::boolean IS NULL OR (ended_at IS NULL) = %(active)s)
  AND last_window >= %(since)s AND started_at < %(until)s
  AND (%(before)s::bigint IS NULL OR anomaly_id < %(before)s)
ORDER BY anomaly_id DESC
LIMIT %(limit)s
"""
STATE = "SELECT state FROM live.anomaly WHERE anomaly_id = %s FOR NO KEY UPDATE"
CHANGE = "UPDATE live.anomaly SET state = %s, state_by = %s, state_at = now() WHERE anomaly_id = %s"
ONE = f"{ANOMALY} WHERE anomaly_id = %s"
State = Literal["open", "confirmed", "dismissed"]
Kind = Literal["spike", "drop", "level", "rate", "silence"]
Name = Annotated[str | None, Query(max_length=500)]
router = APIRouter(tags=["anomalies"])


class Verdict(BaseModel):
    """What an analyst says."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "confirmed"}]})

    state: State


@router.get("/api/anomalies", summary="Anomalies, the newest first")
async def get_anomalies(
    parts: Parts,
    _: Viewer,
    since: From = None,
    until: To = None,
    feed: Name = None,
    metric: Name = None,
    dimension: Name = None,
    member: Name = None,
    kind: Kind | None = None,
    state: State | None = None,
    active: Annotated[bool | None, Query(description="Those that go on, or those that have ended")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Cursor = None,
) -> Response:
    """Those with a window in the range."""
    before = read_cursor(cursor)
    if before is not None and not isinstance(before, int):
        raise refused("cursor", "is of another list")
    values = {"feed": feed, "metric": metric, "dimension": dimension, "member": member, "kind": kind, "state": state}
    first, last = epoch(since, "from", 0), epoch(until, "to", 4_102_444_800)
    more = {"active": active, "since": at(first), "until": at(last), "before": before, "limit": limit + 1}
    rows = await parts.warehouse.rows(LIST, {**values, **more})
    items = rows[:limit]
    following = make_cursor(items[-1]["id"]) if len(rows) > limit else None
    return answer({"items": items, "next_cursor": following})


@router.post("/api/anomalies/{anomaly_id}/state", summary="Confirm or dismiss an anomaly, or open it again")
async def set_state(
    parts: Parts,
    account: Operator,
    anomaly_id: Annotated[int, Path(ge=1, le=2**63 - 1, examples=[1])],
    verdict: Verdict,
) -> Response:
    """With a row of the audit."""

    def change(connection: psycopg.Connection) -> dict[str, Any] | None:
        row = connection.execute(STATE, [anomaly_id]).fetchone()
        if row is None:
            return None
        if row[0] != verdict.state:
            connection.execute(CHANGE, [verdict.state, account.name, anomaly_id])
            connection.execute(AUDIT, [account.name, "anomaly.state", str(anomaly_id), row[0], verdict.state])
        return table_of(connection, ONE, [anomaly_id]).dicts()[0]

    changed = await parts.warehouse.do(change)
    if changed is None:
        raise Problem(Code.NOT_FOUND, f"there is no anomaly {anomaly_id}")
    return answer(changed)
