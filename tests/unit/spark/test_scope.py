"""What the options of the ETL ask for."""

import argparse
from datetime import date
from typing import Any

import pytest

from config.errors import ConfigurationError
from spark.scope import DAYS, FULL_REFRESH, INCREMENTAL, REJECTED_EVENTS, Scope

NONE = {
    "from_date": None,
    "to_date": None,
    "full_refresh": False,
    "replay_rejected": False,
    "rule": None,
    "from_now_on": False,
}
DAY = date(2026, 3, 29)


def scope(**options: Any) -> Scope:
    return Scope.of(argparse.Namespace(**{**NONE, **options}))


def test_each_option_is_a_mode_and_none_is_incremental() -> None:
    assert scope() == Scope(INCREMENTAL)
    assert scope(full_refresh=True) == Scope(FULL_REFRESH)
    assert scope(replay_rejected=True, rule="no_product") == Scope(REJECTED_EVENTS, rule="no_product")
    assert scope(from_date=DAY, to_date=DAY) == Scope(DAYS, DAY, DAY)


@pytest.mark.parametrize(
    "options",
    [
        {"from_date": DAY},
        {"to_date": DAY},
        {"from_date": DAY, "to_date": date(2026, 3, 28)},
        {"from_date": date(2014, 12, 31), "to_date": DAY},
        {"from_date": DAY, "to_date": DAY, "full_refresh": True},
        {"full_refresh": True, "replay_rejected": True},
        {"rule": "no_product"},
        {"from_now_on": True, "full_refresh": True},
        {"from_now_on": True, "from_date": DAY, "to_date": DAY},
    ],
)
def test_a_contradiction_is_one_line_that_names_the_option(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"^--"):
        scope(**options)


def test_what_is_removed_is_the_days_or_everything_or_nothing() -> None:
    assert Scope(DAYS, DAY, DAY).removed_keys == (20260329, 20260329)
    assert Scope(FULL_REFRESH).removed_keys == (20150101, 20401231)
    first, last = Scope(REJECTED_EVENTS).removed_keys
    assert first > last


def test_a_day_has_the_hours_of_the_business_time_zone() -> None:
    start, end = Scope(DAYS, DAY, DAY).window("Europe/Berlin") or (0, 0)
    assert (start, end - start) == (1_774_738_800, 23 * 3600)
    assert Scope(FULL_REFRESH).window("UTC") is None
