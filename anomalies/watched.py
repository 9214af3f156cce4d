"""Which series are judged, and as what."""

from dataclasses import dataclass

from anomalies.incident import Role
from anomalies.quantity import Quantity

QUANTITIES = {
    **dict.fromkeys(
        (
            *("events", "views", "visitors", "orders", "purchases", "page_views", "errors"),
            *("active_users", "sessions", "clicks", "registrations", "valid", "invalid"),
        ),
        Quantity.COUNT,
    ),
    **dict.fromkeys(("revenue", "amount"), Quantity.AMOUNT),
    **dict.fromkeys(
        (
            "session_seconds",
            "conversion",
            "error_rate",
            "throughput",
            "latency_p95",
            "temperature_mean",
            "humidity_mean",
        ),
        Quantity.MEASURE,
    ),
}
"""The metrics that are judged. Least, greatest and other quantiles follow those that are. Late events are none of them:
a window is judged when it closes, and they come afterwards."""
LEAST_SCALES = {
    **dict.fromkeys(("conversion", "error_rate"), 0.01),
    **dict.fromkeys(("temperature_mean", "humidity_mean", "throughput", "latency_p95"), 0.1),
    **dict.fromkeys(("revenue", "amount", "session_seconds"), 1.0),
}
"""Least deviation of what is no count, in its unit; of money in roots of it, whose noise is even. A series that was
always zero, or a sensor that was stuck, has none of its own, and its first change says little."""
MAIN = {
    "product_views": "events",
    "purchase-events": "purchases",
    "customer-events": "events",
    "user_clickstream": "page_views",
    "click-events": "clicks",
    "user-events": "registrations",
    "sensor-readings": "valid",
}
"""The series whose silence is the feed's; of another feed that is `valid`."""
SENSORS = ("temperature_mean", "humidity_mean")
TOO_MANY_MEMBERS = frozenset({"product"})
"""Dimensions that are not judged by member: thousands of series that are almost always empty."""
PIPELINE = "pipeline"
"""What the stream measures about itself, as a feed."""
BY_THE_MINUTE = frozenset({"valid", "invalid", "duplicates"})
"""Verdicts are by the minute of the bus, however long a window of event time is; so is the pipeline, of the commit."""
FROM_THE_FEEDS_BEGINNING = frozenset({"", "reason"})
"""Dimensions whose members were there before their first row, as zeros; others (a store, a device) begin with it."""


@dataclass(frozen=True, order=True)
class Series:
    """A series of view live.series; dimension and member are empty for the total."""

    feed: str
    metric: str
    dimension: str = ""
    member: str = ""

    @property
    def is_judged(self) -> bool:
        """Whether it is one of those that are watched."""
        return self.metric in QUANTITIES and self.dimension not in TOO_MANY_MEMBERS

    def window_seconds(self, of_stream: int) -> int:
        """Length of its windows, where the stream's are so long."""
        return 60 if self.feed == PIPELINE or self.metric in BY_THE_MINUTE else of_stream

    @property
    def roles(self) -> tuple[tuple[Quantity, Role], ...]:
        """What it is judged as: a sensor's reading by its level and by its rate of change."""
        quantity = QUANTITIES[self.metric]
        if self.metric in SENSORS:
            return (quantity, Role.SENSOR), (Quantity.RATE, Role.SENSOR)
        is_main = self.metric == MAIN.get(self.feed, "valid") and not self.dimension
        return ((quantity, Role.MAIN if is_main else Role.OTHER),)

    @property
    def least_scale(self) -> float:
        """Below this its noise is never taken to be."""
        return LEAST_SCALES.get(self.metric, 0.0)

    @property
    def title(self) -> str:
        """As a sentence names it."""
        of = f" ({self.dimension} {self.member})" if self.dimension else ""
        return f"{self.metric.replace('_', ' ')} of {self.feed}{of}"
