"""What a run of the ETL is said to have cost, by its own log."""

from pathlib import Path

from benchmarks.etl_run import marts_seconds, phases

EARLIER = (
    "INFO phase done run=1 phase=load seconds=9.0\n"
    "INFO marts refreshed marts=9 seconds=8.0 slowest=daily_traffic slowest_seconds=7.0\n"
)
LATER = (
    "INFO phase done run=2 phase=read and classify seconds=2.5\nINFO phase done run=2 phase=stage seconds=1.0\n"
    "INFO phase done run=2 phase=stage seconds=1.5\nINFO staged run=2 table=event rows=3 seconds=1.2\n"
)
REFRESH = "INFO marts refreshed marts=9 seconds=4.2 slowest=product_pairs slowest_seconds=3.0\n"


def test_only_what_the_run_itself_logged_counts(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(EARLIER + LATER + REFRESH)
    assert phases(log, len(EARLIER)) == {"read and classify": 2.5, "stage": 1.5}
    assert marts_seconds(log, len(EARLIER)) == 4.2


def test_a_run_that_refreshed_no_marts_spent_nothing_on_them(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(LATER)
    assert marts_seconds(log, 0) == 0.0
