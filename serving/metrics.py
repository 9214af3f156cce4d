"""What the API counts of itself, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from serving.flight import Flight

# Around the goal: p99 within 50 ms.
_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """One registry for each application, so that tests do not add up."""

    def __init__(self, flight: Flight) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "millrace_api_events",
            "Events by outcome: accepted (on the bus), refused (kept as a dead letter), too_large, unconfirmed",
            ("feed", "outcome"),
            registry=self.registry,
        )
        self.requests = Counter(
            "millrace_api_requests", "Requests with events", ("door", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "millrace_api_request_seconds",
            "From a request's head to its answer",
            ("door",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        in_flight = Gauge("millrace_api_events_in_flight", "Events waiting for the bus", registry=self.registry)
        in_flight.set_function(lambda: flight.events)
        body_bytes = Gauge("millrace_api_bytes_in_flight", "Bytes of bodies under way", registry=self.registry)
        body_bytes.set_function(lambda: flight.bytes)

    def page(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self.registry)
