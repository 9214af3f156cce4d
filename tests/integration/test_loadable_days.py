"""Which days can be loaded again, by what the ledger says was removed."""

from datetime import date, timedelta

import pytest

from spark.retained import first_loadable_day
from tests.empty_database import Database
from utilities.retention.raw_events import OldPrefix, record_removed

pytestmark = pytest.mark.servers


def test_raw_events_without_facts_lock_no_day_and_a_wrong_clock_locks_none_that_has_been(warehouse: Database) -> None:
    with warehouse.connect() as owner:
        # Of another feed, or all of them rejected.
        record_removed(owner, [OldPrefix("sensor-readings", 0, 0, 10, 10)])
        assert first_loadable_day(owner) is None
        owner.execute("UPDATE etl.removed SET last_date = '2038-02-17'")
        day = first_loadable_day(owner)
        assert day is not None and day <= date.today() + timedelta(days=3)
