"""How the live metrics are put together over windows, what they mean, and which of their dimensions are large."""

SUM, MEAN, LEAST, GREATEST = "sum", "mean", "min", "max"
_SUMS = (
    *("events", "views", "orders", "revenue", "late_events", "purchases", "amount", "page_views", "errors", "clicks"),
    *("registrations", "valid", "invalid", "duplicates"),
)
# Distinct counts do not add up: of several windows, the one with most is told.
_GREATEST = (
    *("visitors", "active_users", "sessions", "latency_p50", "latency_p95", "latency_p99"),
    *("temperature_max", "humidity_max"),
)
AGGREGATES = {
    **dict.fromkeys(_SUMS, SUM),
    **dict.fromkeys(_GREATEST, GREATEST),
    "temperature_min": LEAST,
    "humidity_min": LEAST,
}
"""Others, such as means and rates, are told as the mean of the windows."""
FUNCTIONS = {SUM: "sum", MEAN: "avg", LEAST: "min", GREATEST: "max"}
LARGE_DIMENSIONS = ("product", "store", "device", "event_type")
"""Whose members are many, or any word that a sender chooses: of these, the live page has the greatest ones alone."""
ANCHORS = {
    "visitors": "visitor",
    "active_users": "person",
    "sessions": "session",
    "session_seconds": "session",
    "views": "views-of-a-day",
    "page_views": "page-landing-page-and-path",
    "orders": "order",
    "purchases": "order",
    "revenue": "price-amount-and-revenue",
    "amount": "price-amount-and-revenue",
    "conversion": "conversion",
    "late_events": "time-of-an-event",
}


def aggregate_of(metric: str) -> str:
    """How windows of the metric are put together: sum, mean, min or max."""
    return AGGREGATES.get(metric, MEAN)


def definition_of(metric: str) -> str | None:
    """Where docs/definitions.md says what it means."""
    return f"/definitions#{ANCHORS[metric]}" if metric in ANCHORS else None
