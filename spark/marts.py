"""The materialized marts, computed anew once the runs are over, or what else changes facts and dimensions."""

import logging
import time

from config.errors import MillraceError
from spark.ledger import Ledger

logger = logging.getLogger(__name__)

REFRESH = "SELECT mart, seconds FROM etl.refresh_marts(even_if_fresh => %s) ORDER BY seconds DESC"


def refresh_marts(ledger: Ledger, even_if_fresh: bool = False) -> None:
    """Refresh the marts if a run has finished since they were computed, also one that was killed before it could.

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
