"""Answers of the query API as its contract shapes them: what the dashboard's pages are shown with in a browser.

A cookie `shown` chooses another state: `empty` (nothing yet), `away` (the stores are away), `slow` (never answers).
"""

import math
from typing import Any

Json = dict[str, Any]
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=1</script>'


def _value(base: float, time: int, swing: float = 0.18) -> float:
    return base * (1 + swing * math.sin(time / 900) + swing / 2 * math.sin(time / 137))


def _points(now: int, base: float, digits: int = 0, odd: int | None = None) -> list[list[Any]]:
    """An hour of windows; the newest is open, two are missing, and one is odd."""
    last = now - now % 60
    times = [last - 60 * back for back in range(59, -1, -1) if back not in (23, 24)]
    shown = [(time, _value(base, time) * (0.1 if odd is not None and 0 <= time - odd < 300 else 1)) for time in times]
    return [[time, round(value, digits) if digits else int(value), time < last - 60] for time, value in shown]


def snapshot(now: int) -> Json:
    odd = now - now % 60 - 1200

    def one(feed: str, metric: str, base: float, digits: int = 0, **more: Any) -> Json:
        points = _points(now, base, digits, odd if metric == "views" else None)
        return {"feed": feed, "metric": metric, "dimension": "", "member": "", "unit": "", "points": points, **more}

    money = [
        one("product_views", "revenue", base, 2, dimension="currency", member=name, unit=name)
        for name, base in (("EUR", 840.0), ("USD", 512.0), ("GBP", 190.0))
    ]
    series = [
        one("product_views", "views", 1240),
        one("product_views", "visitors", 410),
        one("product_views", "orders", 14),
        one("product_views", "invalid", 3),
        one("user_clickstream", "active_users", 260),
        one("user_clickstream", "errors", 7),
        *(
            one("sensor-readings", name, base, 1)
            for name, base in (
                ("temperature_mean", 21.0),
                ("temperature_min", 16.0),
                ("temperature_max", 27.0),
                ("humidity_mean", 48.0),
                ("humidity_min", 36.0),
                ("humidity_max", 61.0),
            )
        ),
        one("pipeline", "latency_p95", 1.4, 2, dimension="feed", member="product_views", unit="seconds"),
        *money,
    ]
    return {
        **{"type": "snapshot", "resume": "recorded-1", "number": 1, "at": now, "window_seconds": 60},
        **{"watermark": now - 70, "is_stale": False, "series": series, "tops": tops()},
        **{"anomalies": anomalies(now), "events": events(now)},
    }


def tops() -> list[Json]:
    one = {"feed": "product_views", "metric": "views", "unit": "", "minutes": 15}
    products = [["101122", 310], ["99", 204], ["100374", 171], ["100100", 90], ["100211", 61], ["100137", 12]]
    return [
        {**one, "dimension": "product", "members": products},
        {**one, "dimension": "store", "members": [["6", 9120], ["12", 6020], ["41", 1204]]},
    ]


def audit() -> Json:
    item = {"at": "2026-11-27T13:20:00Z", "account": "ada", "action": "tunable.set", "subject": "live_poll_seconds"}
    return {"items": [{**item, "before": 2.0, "after": 1.0}], "next_cursor": None}


def anomalies(now: int) -> list[Json]:
    started = now - now % 60 - 1200
    drop = {
        **{"id": 17, "feed": "product_views", "metric": "views", "dimension": "", "member": "", "kind": "drop"},
        **{"started_at": started, "last_window": started + 240, "ended_at": started + 300, "windows": 5},
        **{"value": 118.0, "expected": 1214.0, "lower": 960.0, "upper": 1490.0, "score": -8.4, "state": "open"},
        "explanation": "118 views in the window, 1,214 expected at this time of a Friday: the median of eight weeks.",
        **{"state_by": None, "state_at": None, "detected_at": started + 95},
    }
    level = {
        **{"feed": "sensor-readings", "metric": "temperature_max", "kind": "level", "id": 16, "state": "confirmed"},
        **{"started_at": started - 900, "last_window": started - 840, "ended_at": started - 780, "windows": 2},
        **{"value": 29.4, "expected": 25.1, "lower": 20.0, "upper": 28.5, "score": 3.1, "state_by": "ada"},
        "explanation": "29.4 degrees is above the level of 28.5 that is set for this device.",
    }
    return [drop, {**drop, **level}]


def crowded(now: int) -> Json:
    """More than the live page shows: an anomaly that goes on behind twelve dismissed ones, and eight currencies."""
    one = anomalies(now)[0]
    ends = {100 + back: now - 60 * back for back in range(1, 13)}
    over = [
        {**one, "id": name, "state": "dismissed", "started_at": end - 300, "ended_at": end}
        for name, end in ends.items()
    ]
    going_on = {**one, "id": 99, "started_at": now - 7200, "ended_at": None}
    told = snapshot(now)
    money = next(each for each in told["series"] if each["metric"] == "revenue")
    amounts = {"AUD": 10, "BGN": 11, "CHF": 12, "CZK": 13, "DKK": 14, "EUR": 9000, "USD": 5000}
    currencies = [{**money, "member": name, "points": _points(now, base)} for name, base in amounts.items()]
    once = {**money, "member": "JPY", "points": [[now - now % 60 - 600, 9_000_000, True]]}
    kept = [each for each in told["series"] if each["metric"] != "revenue"]
    return {**told, "series": [*kept, *currencies, once], "anomalies": [*over, going_on]}


def wide(now: int) -> Json:
    """Windows of five minutes, of more than an hour."""
    last = now - now % 300
    points = [[last - 300 * back, 1200 + back, back > 1] for back in range(15, -1, -1)]
    told = snapshot(now)
    return {**told, "window_seconds": 300, "series": [{**each, "points": points} for each in told["series"]]}


def events(now: int) -> list[Json]:
    kinds = ("view_product_detail", "select_product_option", "add_to_cart_action", "view_listing_page", "checkout")
    shown = [
        {
            **{"feed": "product_views", "id": f"product_views:0:{4711 - back:020d}", "at": now - 3 * back},
            "fields": {"collection": kinds[back % 5], "product_id": str(100100 + 37 * back), "store_id": str(back % 7)},
        }
        for back in range(19)
    ]
    hostile = {"feed": "product_views", "id": "hostile", "at": now, "fields": {"collection": HOSTILE, "page": HOSTILE}}
    return [hostile, *shown]


def pipeline(now: int) -> Json:
    def stage(name: str, title: str, source: str, to: str, **more: Any) -> Json:
        usual = {"state": "running", "rate": 41.5, "lag_records": 12, "lag_seconds": 0.4, "errors": 0, "detail": ""}
        return {"name": name, "title": title, "feed": "product_views", "from": source, "to": to, **usual, **more}

    run = {
        **{"run_id": 212, "status": "succeeded", "started_at": "2026-11-27T14:00:00Z", "mode": "incremental"},
        **{"finished_at": "2026-11-27T14:02:11Z", "events": 41500, "loaded": 41391, "duplicates": 80, "rejected": 29},
        "error": None,
    }
    stages = [
        stage("mirror", "Mirror", "source", "bus", rate=1042.0),
        stage("api", "Ingest API", "clients", "bus", rate=212.4, lag_records=None, lag_seconds=None),
        stage("landing", "Landing of product_views", "bus", "mongodb", rate=1254.0, lag_seconds=0.7),
        stage(
            "indexer",
            "Indexer of product_views",
            "bus",
            "elasticsearch",
            state="behind",
            rate=640.0,
            lag_records=9120,
            lag_seconds=14,
        ),
        stage("stream", "Stream", "bus", "live", rate=1250.0, lag_seconds=1.3, age_seconds=now % 60),
        stage("etl", "ETL", "mongodb", "warehouse", state="idle", rate=None, lag_seconds=610, last_run=run),
    ]
    stages += [
        stage(name, f"{name.capitalize()} of {feed}", "bus", to, feed=feed, rate=12.5, lag_seconds=0.2)
        for feed in ("click-events", "sensor-readings")
        for name, to in (("landing", "mongodb"), ("indexer", "elasticsearch"))
    ]
    edges = [[one["from"], one["name"]] for one in stages] + [[one["name"], one["to"]] for one in stages]
    names = {"source": "Source Kafka", "clients": "Web, sensors", "bus": "Kafka", "mongodb": "MongoDB"}
    names |= {"elasticsearch": "Elasticsearch", "live": "Live tables", "warehouse": "Warehouse"}
    stores = [{"name": name, "title": title, "is_reached": name != "source"} for name, title in names.items()]
    return {"at": now, "stages": stages, "edges": edges, "stores": stores}


def configuration() -> Json:
    def setting(variable: str, value: str | None, comment: str, *, default: bool = True) -> Json:
        shown = {"is_default": default, "is_secret": value is None, "comment": comment}
        return {"variable": variable, "value": value, **shown}

    tunable = {
        **{"name": "live_poll_seconds", "value": 1.0, "default": 1.0, "type": "number", "minimum": 0.2, "maximum": 60},
        **{"unit": "seconds", "comment": "How often new windows are asked for.", "set_by": "ada"},
        "set_at": "2026-11-27T13:20:00Z",
    }
    serving = [
        setting("API_BIND", "127.0.0.1", "The address that it listens on."),
        setting("API_PORT", "8100", "Its port.", default=False),
        setting("POSTGRES_API_PASSWORD", None, "Password of warehouse_api.", default=False),
    ]
    groups = [{"name": "ServingSettings", "title": "API", "settings": serving}]
    return {"groups": groups, "tunables": [tunable]}


def logs() -> Json:
    texts = [
        "2026-11-27T14:31:02Z INFO landing: written records=512 partitions=3 seconds=0.041",
        "2026-11-27T14:31:03Z INFO landing: written records=498 partitions=3 seconds=0.039",
        "2026-11-27T14:31:04Z WARNING landing: broker away, waiting node=2 attempt=1",
        "2026-11-27T14:31:06Z INFO landing: written records=1021 partitions=3 seconds=0.080",
        f"2026-11-27T14:31:07Z INFO landing: {HOSTILE}",
    ]
    return {
        "servers": ["landing", "indexer", "stream"],
        "server": "landing",
        "lines": [{"text": text} for text in texts],
    }
