"""Marts and functions: before a run as their files have them; the materialized ones computed anew after it."""

import logging
import time

import psycopg

from config.errors import ConfigurationError, MillraceError, TerminalError
from migrations.repeatable import changed_objects
from migrations.settings import MigrationSettings
from spark.ledger import Ledger
from spark.outages import explain, while_away

logger = logging.getLogger(__name__)

REFRESH = "SELECT mart, seconds FROM etl.refresh_marts(even_if_fresh => %s) ORDER BY seconds DESC"


def apply_changed_files(ledger: Ledger, outage_seconds: float) -> None:
    """Make marts and functions anew whose files are not those that the warehouse has.

    That is the owner's to do, whose login an operator's environment has and a container's or a schedule's has not:
    there the run stops, rather than load by one definition and count by another. Readers of a mart are waited for as
    long as a server that is away. Raises TerminalError where the run stops or a revision is missing, and what
    `Ledger.transaction` raises.
    """
    changed = ledger.transaction(changed_objects)
    if not changed:
        return
    try:
        settings = MigrationSettings.load()
    except ConfigurationError:
        raise TerminalError(
            f"marts or functions in sql/ are not those that the warehouse has ({', '.join(changed)}): run make migrate"
        ) from None
    # Only here: a run whose files have not changed need not import Alembic.
    from migrations import owner

    doing = "making changed marts and functions anew"
    try:
        while_away(outage_seconds, doing)(owner.apply_changed_files, settings)
    except psycopg.Error as error:
        raise explain(error, doing) or error from error


def refresh_marts(ledger: Ledger, even_if_fresh: bool = False) -> None:
    """Refresh the marts if a run has finished or texts were scrubbed since they were computed, whoever was killed then.

    `even_if_fresh` is for what changes the warehouse and is no run.

    Raises what `Ledger.transaction` raises; what was loaded stays, and the marts stay as they were.
    """
    started = time.monotonic()
    try:
        marts = ledger.transaction(lambda connection: connection.execute(REFRESH, [even_if_fresh]).fetchall())
    except MillraceError:
        logger.warning("the warehouse is changed, but the marts are as they were before: make marts tries again")
        raise
    if marts:
        slowest, seconds = marts[0]
        logger.info(
            "marts refreshed marts=%d seconds=%.1f slowest=%s slowest_seconds=%s",
            len(marts),
            time.monotonic() - started,
            slowest,
            seconds,
        )
