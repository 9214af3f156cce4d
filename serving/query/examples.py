"""An answer of each question, as the description shows it; a test asks each and compares the members."""

from typing import Any

import orjson
from fastapi import FastAPI

from serving.problem import PROBLEM_JSON, Code, Problem
from serving.query.parameters import JSON

_SERIES = {"feed": "product_views", "metric": "views", "dimension": "", "member": "", "unit": ""}
_TIME = "2026-11-27T12:00:00Z"
_VISITOR = "00000000-0000-0000-0000-000000000001"
_ANOMALY = {
    "id": 1,
    **{name: value for name, value in _SERIES.items() if name != "unit"},
    "kind": "drop",
    "started_at": 1795780800,
    "last_window": 1795781100,
    "ended_at": None,
    "windows": 6,
    "value": 3.0,
    "expected": 41.2,
    "lower": 20.1,
    "upper": 70.3,
    "score": -6.1,
    "explanation": "views: 3 in the window of 12:05, 41.2 expected",
    "state": "open",
    "state_by": None,
    "state_at": None,
    "detected_at": 1795781170,
}
_COLUMN = {"name": "views", "type": "integer", "unit": "views", "comment": "Product views by people"}
_REPORT = {
    "name": "daily_traffic",
    "title": "Traffic by day",
    "grain": "One row per day whose events are kept (not yet archived): its traffic, people apart from bots",
    "definition": "/definitions#visitor",
    "chart": "line",
    "filters": ["from", "to"],
    "sort": "date",
    "columns": [_COLUMN],
}
_STAGE = {
    "name": "landing",
    "title": "Landing of product_views",
    "feed": "product_views",
    "from": "bus",
    "to": "mongodb",
    "state": "running",
    "rate": 41.5,
    "lag_records": 12,
    "lag_seconds": 0.4,
    "detail": "",
    "errors": 0,
}
_REPLAY = {"command": "./millrace dead-letters --feed FEED --stage STAGE", "is_callable": False}

EXAMPLES: dict[str, dict[str, Any]] = {
    "/api/session": {"account": "ada", "role": "operator", "csrf_token": "IjEi.x", "expires_at": 1795824000},
    "/api/live/catalog": {
        "series": [{**_SERIES, "members": 1, "newest": 1795781100, "aggregate": "sum", "definition": None}]
    },
    "/api/live/snapshot": {
        "type": "snapshot",
        "number": 812,
        "resume": "17ee792a-812",
        "at": 1795781171.2,
        "window_seconds": 60,
        "watermark": 1795781050.0,
        "is_stale": False,
        "series": [{**_SERIES, "points": [[1795781040, 12.0, True], [1795781100, 7.0, False]]}],
        "tops": [
            {"feed": "product_views", "metric": "views", "dimension": "product", "minutes": 15, "members": [["7", 3]]}
        ],
        "anomalies": [_ANOMALY],
        "events": [{"feed": "product_views", "id": "views:00001:1", "at": 1795781169.0, "fields": {"store_id": "6"}}],
    },
    "/api/live/series": {
        "feed": "product_views",
        "metric": "views",
        "dimension": "",
        "definition": "/definitions#views-of-a-day",
        "aggregate": "sum",
        "resolution": 60,
        "from": 1795780800,
        "to": 1795780920,
        "unit": "",
        "newest": 1795780800,
        "newest_closed": 1795780800,
        "series": [{"member": "", "points": [[1795780800, 12.0], [1795780860, None]]}],
    },
    "/api/anomalies": {"items": [_ANOMALY], "next_cursor": None},
    "/api/reports": {"reports": [{**_REPORT, "refreshed_at": _TIME}]},
    "/api/reports/{name}": {
        **_REPORT,
        "rows": [[120]],
        "next_cursor": None,
        "sql": 'SELECT "views"\nFROM mart.daily_traffic\nORDER BY "date" ASC NULLS LAST',
        "parameters": {},
        "refreshed_at": _TIME,
    },
    "/api/search": {
        "feed": "product_views",
        "total": {"value": 1, "relation": "eq"},
        "items": [{"id": "views:00001:0000000000000000001", "at": 1795781169.0, "fields": {"store_id": "6"}}],
        "next_cursor": None,
        "fields": [{"name": "store_id", "type": "text", "comment": "The store", "classification": "public"}],
    },
    "/api/pipeline": {
        "at": 1795781171,
        "stages": [_STAGE],
        "edges": [["bus", "landing"], ["landing", "mongodb"]],
        "stores": [{"name": "bus", "title": "Kafka", "is_reached": True}],
    },
    "/api/pipeline/configuration": {
        "groups": [
            {
                "name": "serving",
                "title": "API and dashboard",
                "settings": [
                    {
                        "variable": "API_PORT",
                        "is_default": True,
                        "comment": "Its port.",
                        "value": "8000",
                        "is_secret": False,
                    }
                ],
            }
        ],
        "tunables": [
            {
                "name": "live_poll_seconds",
                "value": 1,
                "default": 1,
                "type": "number",
                "minimum": 0.2,
                "maximum": 60,
                "unit": "seconds",
                "comment": "How often the live windows are read for all browsers",
                "set_by": None,
                "set_at": None,
            }
        ],
    },
    "/api/pipeline/logs": {"servers": ["kafka-1"], "server": "kafka-1", "lines": [{"text": "started"}]},
    "/api/audit": {
        "items": [
            {
                "audit_id": 1,
                "at": _TIME,
                "account": "ada",
                "action": "anomaly.state",
                "subject": "1",
                "before": "open",
                "after": "dismissed",
            }
        ],
        "next_cursor": None,
    },
    "/api/quality": {
        "checked_at": _TIME,
        "run_id": 12,
        "results": [
            {
                "check": "fresh_event",
                "severity": "warning",
                "passed": True,
                "observed": 0.4,
                "bound": 24,
                "unit": "hours",
                "detail": None,
                "checked_at": _TIME,
                "run_id": 12,
            }
        ],
    },
    "/api/quality/{check}": {
        "check": "fresh_event",
        "history": [{"checked_at": _TIME, "passed": True, "observed": 0.4, "bound": 24, "run_id": 12}],
    },
    "/api/rejected": {
        "reasons": [
            {
                "rule": "time_in_bounds",
                "field": "time_stamp",
                "count": 12,
                "first_date": "2026-11-01",
                "last_date": "2026-11-27",
            }
        ],
        "examples": [
            {
                "topic": "product_views",
                "partition": 0,
                "offset": 7,
                "rule": "time_in_bounds",
                "field": "time_stamp",
                "kind": "view_product_detail",
                "event_date": None,
                "run_id": 12,
            }
        ],
        "replay": {"command": "./millrace etl --replay-rejected", "is_callable": False},
    },
    "/api/dead-letters": {
        "feeds": [
            {
                "feed": "product_views",
                "topic": "product_views_dead_letters",
                "total": 1,
                "is_partial": False,
                "reasons": [{"stage": "api", "reason": "against_declaration", "count": 1}],
                "examples": [
                    {"stage": "api", "reason": "against_declaration", "place": "product_views:00000:7", "bytes": 210}
                ],
                "error": None,
            }
        ],
        "replay": _REPLAY,
    },
    "/api/stores": {"stores": [{"store_id": "6", "label": "Germany (6)", "country_name": "Germany"}]},
    "/api/paths/funnel": {
        "steps": [
            {
                "step": "sessions",
                "title": "Sessions",
                "sessions": 100,
                "rate": 1.0,
                "rate_of_previous": 1.0,
                "median_seconds": None,
            }
        ],
        "definition": "/definitions#step-of-the-funnel",
    },
    "/api/paths/common": {
        "paths": [
            {
                "entry": "home",
                "second": "product",
                "exit": "cart",
                "sessions": 12,
                "pages": 40,
                "sessions_with_cart": 12,
                "sessions_with_order": 1,
            }
        ],
        "edges": [["home", "product", 12]],
    },
    "/api/paths/durations": {
        "buckets": [{"from_seconds": 0, "to_seconds": 1, "sessions": 41}],
        "median_seconds": 95.0,
        "sessions": 400,
    },
    "/api/paths/visitors": {"visitors": [{"visitor": _VISITOR, "events": 41, "sessions": 3, "last_at": _TIME}]},
    "/api/paths/visitor/{visitor}": {
        "visitor": _VISITOR,
        "sessions": [{"session_id": _VISITOR, "started_at": _TIME, "ended_at": _TIME, "seconds": 0, "events": 1}],
        "events": [{"event_id": _VISITOR, "at": _TIME, "kind": "view_product_detail", "page": "product"}],
        "next_cursor": None,
    },
    "/api/definitions": {"definitions": [{"anchor": "visitor", "title": "Visitor", "text": "The device, ..."}]},
    "/api/login": {"account": "ada", "role": "operator", "csrf_token": "IjEi.x", "expires_at": 1795824000},
    "/api/anomalies/{anomaly_id}/state": {**_ANOMALY, "state": "confirmed", "state_by": "ada", "state_at": 1795781180},
}
_OPEN = ("/api/session", "/api/definitions", "/api/login", "/api/logout")


def show_examples(app: FastAPI) -> None:
    """Put the answers, and the refusal where nobody is logged in, into the description of the application.

    After it is made: making it leaves out what is null.
    """
    describe = app.openapi
    refusal = orjson.loads(bytes(Problem(Code.LOGIN_REQUIRED, "log in at /login").response().body))
    refused = {"description": "Nobody is logged in", "content": {PROBLEM_JSON: {"example": refusal}}}

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            for path, methods in describe()["paths"].items():
                for told in methods.values():
                    if path in EXAMPLES:
                        told["responses"]["200"]["content"] = {JSON: {"example": EXAMPLES[path]}}
                        told["responses"] |= {} if path in _OPEN else {"401": refused}
        return describe()

    app.openapi = described  # type: ignore[method-assign]
