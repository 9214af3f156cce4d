"""A lock that was lost fences: who lost it cannot publish what another holder of the lock took away."""

from functools import partial

import pytest

from config.errors import TerminalError
from spark.ledger import RUN_LOCK, Ledger
from spark.retained import facts_kept_from
from spark.scope import Scope
from tests.empty_database import Database
from tests.staged_view import DESCRIPTION, DEVICE, VISITOR, publish_staged_view
from utilities.erasure.facts import erase_facts
from utilities.erasure.visitor import Visitor

pytestmark = pytest.mark.servers

END_HOLDER = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
WHERE locktype = 'advisory' AND (classid::bigint << 32) + objid::bigint = %s
"""


def lose_lock(warehouse: Database) -> None:
    """As a restart of PostgreSQL does to whoever holds the lock of the run."""
    with warehouse.connect("postgres") as connection:
        assert connection.execute(END_HOLDER, [RUN_LOCK]).fetchall() == [(True,)]


def runs(warehouse: Database) -> list[tuple[str, int]]:
    """The status of each run, with the number of events in the warehouse."""
    with warehouse.connect() as connection:
        return connection.execute("SELECT status, (SELECT count(*) FROM fact_event) FROM etl.run").fetchall()


def test_a_run_that_lost_its_lock_cannot_publish_after_an_erasure(warehouse: Database) -> None:
    with Ledger(warehouse.login) as run:
        run_id = run.start_run(Scope())
        lose_lock(warehouse)
        with Ledger(warehouse.login) as erasure:
            erasure.transaction(lambda connection: erase_facts(connection, Visitor(DEVICE, VISITOR), [], DESCRIPTION))
        with pytest.raises(TerminalError, match=f"run {run_id} is over: it lost its lock"):
            run.transaction(partial(publish_staged_view, run_id=run_id))
    assert runs(warehouse) == [("crashed", 0)]


def test_a_run_that_lost_its_lock_before_it_began_does_not_begin(warehouse: Database) -> None:
    """What it has asked before (which days retention left, which definitions hold) may be otherwise since."""
    with Ledger(warehouse.login) as run:
        run.transaction(facts_kept_from)
        lose_lock(warehouse)
        with Ledger(warehouse.login):
            pass
        with pytest.raises(TerminalError, match="another command has had the lock of the runs since"):
            run.start_run(Scope())
    assert runs(warehouse) == []


def test_an_erasure_that_lost_its_lock_to_a_run_does_not_go_on(warehouse: Database) -> None:
    with Ledger(warehouse.login) as erasure:
        lose_lock(warehouse)
        with Ledger(warehouse.login) as run:
            run.transaction(partial(publish_staged_view, run_id=run.start_run(Scope())))
        with pytest.raises(TerminalError, match="start this one again"):
            erasure.transaction(lambda connection: erase_facts(connection, Visitor(DEVICE, VISITOR), [], DESCRIPTION))
    assert runs(warehouse) == [("finished", 1)]


def test_a_run_that_lost_its_lock_to_nobody_who_changes_anything_goes_on(warehouse: Database) -> None:
    with Ledger(warehouse.login) as run:
        run_id = run.start_run(Scope())
        lose_lock(warehouse)
        with Ledger(warehouse.login, changes=False) as dry_run:
            dry_run.watermarks()
        run.transaction(partial(publish_staged_view, run_id=run_id))
    assert runs(warehouse) == [("finished", 1)]
