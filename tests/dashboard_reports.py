"""Recorded answers for the pages of the warehouse, of quality and of paths."""

from datetime import date, timedelta
from typing import Any

from tests.dashboard_answers import HOSTILE

Json = dict[str, Any]
REFRESHED = "2026-11-27T14:02:11Z"
VISITOR = "3f0c5a1e-7d4b-5c2e-9a61-0d8e7b1f4a22"
_DAYS = [date(2026, 11, 14) + timedelta(days=number) for number in range(14)]
_COUNTRIES = [
    *(("Germany", "DE", 48210), ("France", "FR", 31044), ("United Kingdom", "GB", 22871), ("Spain", "ES", 15120)),
    *(("United States", "US", 12044), ("Mexico", "MX", 7120), ("Australia", "AU", 4410), ("International", None, 2210)),
]

_AMOUNTS = {"AUD": 10, "BGN": 11, "CHF": 4000, "CZK": 13, "DKK": 14, "EUR": 9100, "GBP": 7000}


def _column(name: str, kind: str, comment: str, unit: str = "") -> Json:
    return {"name": name, "type": kind, "unit": unit, "comment": comment}


REPORTS: list[Json] = [
    {
        **{"name": "daily_traffic", "title": "Traffic by day", "definition": "/definitions#views-of-a-day"},
        **{"grain": "One row per day and store", "chart": "line", "filters": ["from", "to", "store"]},
        "columns": [
            _column("date", "date", "The day in the business time zone"),
            _column("views", "integer", "Product views by people", "views"),
            _column("visitors", "integer", "Visitors (devices)", "visitors"),
            _column("conversion", "number", "Sessions with an order / sessions", "share"),
            _column("bot_views", "integer", "Product views by bots", "views"),
        ],
        "refreshed_at": REFRESHED,
    },
    {
        **{"name": "country_traffic", "title": "Traffic by country", "definition": "/definitions#store-and-country"},
        **{"grain": "One row per day and country of the store", "chart": "map", "filters": ["from", "to", "bots"]},
        "columns": [
            _column("date", "date", "The day in the business time zone"),
            _column("country_name", "text", "Country that the store sells to"),
            _column("country_code", "text", "ISO 3166-1 alpha-2"),
            _column("views", "integer", "Product views by people", "views"),
            _column("sessions", "integer", "Sessions of people", "sessions"),
        ],
        "refreshed_at": REFRESHED,
    },
    {
        **{"name": "product_performance", "title": "Products", "definition": "/definitions#conversion"},
        **{"grain": "One row per day and product", "chart": "bar", "filters": ["from", "to"]},
        "columns": [
            _column("product_name", "text", "Newest name"),
            _column("views", "integer", "Product views by people", "views"),
            _column("orders", "integer", "Orders with the product", "orders"),
        ],
        "refreshed_at": REFRESHED,
    },
    {
        **{"name": "cohort_retention", "title": "Who comes again", "definition": "/definitions#person"},
        **{"grain": "One row per week and week since then", "chart": "heat", "filters": ["from", "to"]},
        "columns": [
            _column("cohort_week", "date", "Monday of the week of the first session"),
            _column("weeks_later", "integer", "Weeks since then"),
            _column("retention", "number", "Persons / cohort persons", "share"),
        ],
        "refreshed_at": REFRESHED,
    },
    {
        **{"name": "revenue", "title": "Revenue by day", "definition": "/definitions#order", "chart": "line"},
        **{"grain": "One row per day and currency", "filters": ["from", "to"], "refreshed_at": REFRESHED},
        "columns": [
            _column("date", "date", "The day in the business time zone"),
            _column("currency", "text", "Of the orders"),
            _column("revenue", "number", "Of the orders of people", "currency:currency"),
        ],
    },
    {
        **{"name": "order_revenue", "title": "Orders", "definition": "/definitions#order", "grain": "One row an order"},
        **{"chart": "table", "filters": [], "columns": [_column("order_id", "text", "")], "refreshed_at": REFRESHED},
    },
]
_ROWS: dict[str, list[list[Any]]] = {
    "daily_traffic": [
        [str(day), 9800 + 731 * (number % 5), 3100 + 211 * (number % 4), 0.0375 + number / 2000, 310 + number]
        for number, day in enumerate(_DAYS)
    ],
    "country_traffic": [[str(_DAYS[-1]), name, code, views, views // 4] for name, code, views in _COUNTRIES],
    "product_performance": [
        ["Ring Alba Dawn", 1204, 44],
        ["Necklace Bridal Heaven", 981, 31],
        ["Earrings Cassia", 774, 12],
        [HOSTILE, 310, 2],
    ],
    "cohort_retention": [
        [str(date(2026, 10, 19) + timedelta(weeks=week)), later, round(0.4 ** (later / 2 + (later > 0)), 4)]
        for week in range(6)
        for later in range(6 - week)
    ],
    "revenue": [[str(day), name, amount] for day in _DAYS for name, amount in _AMOUNTS.items()],
    "order_revenue": [["O-1"], ["O-2"]],
}


def report(name: str) -> Json:
    one = next(each for each in REPORTS if each["name"] == name)
    sql = f"SELECT * FROM mart.{name}\nWHERE date BETWEEN %(from)s AND %(to)s\nORDER BY date"
    shown = {"rows": _ROWS[name], "next_cursor": None, "sql": sql, "parameters": {"from": "2026-11-14"}}
    return {**one, **shown}


def stores() -> Json:
    return {"stores": [{"store_id": "6", "label": "Germany (6)"}, {"store_id": "12", "label": "France (12)"}]}


def quality() -> Json:
    def result(check: str, observed: float, bound: float, unit: str, *, passed: bool = True, detail: str = "") -> Json:
        severity = {"severity": "error", "passed": passed, "observed": observed, "bound": bound, "unit": unit}
        return {"check": check, **severity, "detail": detail or None, "checked_at": REFRESHED}

    results = [
        result("fresh_event", 0.4, 24, "hours"),
        result("key_event", 0, 0, "rows"),
        result("share_bots", 0.081, 0.3, "share"),
        result("share_rejected", 0.027, 0.01, "share", passed=False, detail="time_in_bounds: 1,104 of 41,500 events"),
        result("volume_weekday", 0.93, 0.5, "share"),
    ]
    return {"checked_at": REFRESHED, "run_id": 212, "results": results}


def history(check: str) -> Json:
    rows = [
        {
            "checked_at": f"2026-11-{day:02d}T14:02:00Z",
            "passed": day < 26,
            "observed": day / 900,
            "bound": 0.01,
            "run_id": day,
        }
        for day in range(1, 28)
    ]
    return {"check": check, "history": rows}


def rejected() -> Json:
    days = {"first_date": "2026-11-01", "last_date": "2026-11-27"}
    reasons = [
        {"rule": "time_in_bounds", "field": "time_stamp", "count": 1104, **days},
        {"rule": "known_kind", "field": "collection", "count": 31, **days},
    ]
    example = {"topic": "product_views", "partition": 1, "offset": 55, "rule": "known_kind", "field": "collection"}
    examples = [{**example, "kind": HOSTILE, "event_date": "2026-11-27", "run_id": 212}]
    return {"reasons": reasons, "examples": examples}


def dead_letters() -> Json:
    example = {"stage": "landing", "reason": "not_json", "place": "product_views:1:55", "bytes": 812}
    reasons = [{"stage": "landing", "reason": "not_json", "count": 3}]
    feed = {"feed": "product_views", "topic": "product_views_dead_letters", "total": 3, "reasons": reasons}
    replay = {"command": "./millrace dead-letters --feed product_views --stage landing", "is_callable": False}
    return {"feeds": [{**feed, "examples": [example]}], "replay": replay}


def funnel() -> Json:
    counts = (("sessions", 41200, None), ("viewed", 30110, None), ("carted", 5210, 184.0))
    more = (("checked_out", 2604, 96.0), ("ordered", 1760, 141.0))
    steps, before = [], 41200
    for name, sessions, median in counts + more:
        rates = {"rate": sessions / 41200, "rate_of_previous": sessions / before, "median_seconds": median}
        steps.append({"step": name, "title": name.replace("_", " ").capitalize(), "sessions": sessions, **rates})
        before = sessions
    return {"steps": steps, "definition": "/definitions#step-of-the-funnel"}


def common() -> Json:
    ways = [
        *(
            ("home", "listing", "product", 5210),
            ("product", "(exit)", "product", 4480),
            ("listing", "product", "cart", 2190),
        ),
        ("home", "product", "order", 804),
    ]
    paths = [{"entry": entry, "second": second, "exit": last, "sessions": count} for entry, second, last, count in ways]
    return {"paths": paths, "edges": [["home", "product", 804]]}


def durations() -> Json:
    bounds = [0, 10, 30, 60, 180, 600, 1800, 3600, None]
    counts = [9120, 6010, 4880, 7215, 6402, 4100, 1710, 420]
    pairs = zip(bounds, bounds[1:], counts, strict=False)
    buckets = [{"from_seconds": low, "to_seconds": high, "sessions": count} for low, high, count in pairs]
    return {"buckets": buckets, "median_seconds": 95, "sessions": sum(counts)}


def visitors() -> Json:
    return {"visitors": [{"visitor": VISITOR, "events": 41, "last_at": REFRESHED}]}


def visitor(name: str) -> Json:
    times = {"started_at": "2026-11-27T13:51:00Z", "ended_at": "2026-11-27T14:02:00Z"}
    session = {"session_id": "s1", **times, "events": 5, "seconds": 660, "entry_page": "home", "is_bot": False}
    kinds = [("view_home_page", "home"), ("view_listing_page", "listing"), ("view_product_detail", "product")]
    kinds += [("add_to_cart_action", "product"), ("checkout", "checkout")]
    events = [
        {"at": f"2026-11-27T13:5{at}:00Z", "kind": kind, "page": page, "product": HOSTILE if at == 3 else None}
        for at, (kind, page) in enumerate(kinds, start=1)
    ]
    shown = [{**event, "session_id": "s1"} for event in reversed(events)]
    return {"visitor": name, "sessions": [session], "events": shown, "next_cursor": None}


def definitions() -> Json:
    text = "The device (device_id), whoever uses it; where an event names none, its user."
    return {"definitions": [{"anchor": "visitor", "title": "Visitor", "text": text}]}
