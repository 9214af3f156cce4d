"""What the query API counts of itself, beside the doors."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class QueryMetrics:
    """In the registry of the application."""

    def __init__(self, registry: CollectorRegistry, clients: Callable[[], int]) -> None:
        self.seconds = Histogram(
            "millrace_api_query_seconds",
            "From a request's head to its answer's, by route",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.answers = Counter(
            "millrace_api_query_answers", "Answers, by route", ("route", "status"), registry=registry
        )
        self.live = Counter(
            "millrace_api_live_messages",
            "Messages sent to WebSocket clients: snapshot, delta, merged (several at once) or tick",
            ("kind",),
            registry=registry,
        )
        self.dropped = Counter("millrace_api_live_dropped", "WebSocket clients that were too slow", registry=registry)
        self.readings = Counter(
            "millrace_api_live_readings",
            "Readings of live windows with LIVE_REDIS_URL: of redis, or of the warehouse where redis is away or behind",
            ("store",),
            registry=registry,
        )
        gauge = Gauge("millrace_api_live_clients", "WebSocket clients", registry=registry)
        gauge.set_function(clients)


class Timed:
    """Times the requests that some route of `/api/` answers; others, and those with events, are counted elsewhere."""

    def __init__(self, app: ASGIApp, metrics: QueryMetrics, skipped: tuple[str, ...]) -> None:
        self._app, self._metrics, self._skipped = app, metrics, skipped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith("/api/") or path.startswith(self._skipped):
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                self._metrics.seconds.labels(route).observe(time.perf_counter() - began)
                self._metrics.answers.labels(route, str(message["status"])).inc()
            await send(message)

        await self._app(scope, receive, timed)
