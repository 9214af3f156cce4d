"""The materialized marts, computed anew once the runs are over."""

import logging
import time

from config.errors import MillraceError
from spark.ledger import Ledger

logger = logging.getLogger(__name__)

REFRESH = "SELECT mart, seconds FROM etl.refresh_marts(even_if_fresh => false) ORDER BY seconds DESC"


def refresh_marts(ledger: Ledger) -> None:
    """Refresh the marts if a run has finished since they were computed, also one that was killed before it could.

    Raises what `Ledger.transaction` raises; what was loaded stays, and the marts stay as they were.
    """
    started = time.monotonic()
    try:
        marts = ledger.transaction(lambda connection: connection.execute(REFRESH).fetchall())
    except MillraceError:
        logger.warning("the events are loaded, but the marts are those of an earlier run: make marts tries again")
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
