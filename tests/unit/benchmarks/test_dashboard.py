"""What is read from a tab and from the serving process's own count."""

from benchmarks.dashboard import DROPPED
from benchmarks.dashboard_tab import Tab
from serving.flight import Flight
from serving.metrics import Metrics
from serving.query.metrics import QueryMetrics


def test_a_tab_grows_from_its_first_reading_to_its_last_as_of_an_hour() -> None:
    tab = Tab([10_000_000, 14_000_000, 12_000_000], 1_800, 0, [])
    assert (tab.growth, tab.growth_an_hour) == (2_000_000, 4_000_000)


def test_dropped_clients_are_found_where_the_serving_process_tells_them() -> None:
    metrics = Metrics(Flight(1_000, 1_000))
    QueryMetrics(metrics.registry, lambda: 0).dropped.inc(3)
    found = DROPPED.search(metrics.page().decode())
    assert found is not None and float(found[1]) == 3
