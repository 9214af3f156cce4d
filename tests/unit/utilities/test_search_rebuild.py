"""Names of rebuilt months, which everybody else knows by the month alone, and the counts of a rebuild."""

import pytest

from config.errors import ConfigurationError
from kafka.sinks.event_document import index_name, month_of
from utilities.reindex import main
from utilities.search_rebuild.checkpoints import Progress
from utilities.search_rebuild.months import generation_of, rebuilt_name

MONTH = index_name("product-views", 1_600_000_000_000)


def test_a_rebuilt_month_is_known_by_the_name_that_the_indexer_writes_to() -> None:
    rebuilt = rebuilt_name(MONTH, 12)
    assert (MONTH, rebuilt) == ("product-views-2020.09", "product-views-2020.09-000012")
    assert month_of(rebuilt) == month_of(MONTH) == MONTH
    assert (generation_of(rebuilt), generation_of(MONTH)) == (12, 0)
    assert month_of("another-000012") == "another-000012"


def test_what_a_stretch_adds_is_what_must_be_found_later() -> None:
    progress = Progress(100, made=90, kept=3, refused=1).further(200, Progress(made=50, kept=2, refused=4))
    assert progress == Progress(200, made=140, kept=5, refused=5)
    assert progress.indexed == 140


def test_dropping_a_rebuild_needs_the_feed_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--abandon"]) == ConfigurationError.exit_status
    assert "goes with --rebuild" in capsys.readouterr().err
