"""The texts in archived months, masked by the scrubber of today: the next run of the ETL masks what the warehouse has.

A month is archived as the scrubber of today would have loaded it, though it was loaded under another's rules. Files of
before are written anew, once, where the rules have changed since.
"""

from functools import partial
from pathlib import Path

import psycopg
import pyarrow.parquet

from spark.ledger import Ledger
from spark.stored_texts import SCRUBBER
from utilities.retention.month_archive import archived_as, read_batches, scrubbed_batch, write_proven

WRITTEN_BEFORE = """
SELECT path FROM etl.archived_file
WHERE sha256 <> '' AND archived_at < coalesce((SELECT min(scrubbed_at) FROM etl.scrubbing WHERE scrubber >= %s), now())
ORDER BY path
"""
SCRUBBED = "UPDATE etl.archived_file SET archived_at = now() WHERE path = %s"
REWRITTEN = "UPDATE etl.archived_file SET rows = %s, sha256 = %s, archived_at = now() WHERE path = %s"


def scrub_archives(ledger: Ledger) -> int:
    """Write the files anew that hold texts which the scrubber masks today; how many. One that is not there is left.

    Raises ArchiveError for a file that cannot be read or written.
    """
    paths = ledger.transaction(lambda connection: connection.execute(WRITTEN_BEFORE, [SCRUBBER]).fetchall())
    found = [path for (name,) in paths if (path := Path(name)).exists()]
    return sum(ledger.transaction(partial(_scrub, path=path)) for path in found)


def _scrub(connection: psycopg.Connection, path: Path) -> bool:
    named = archived_as(path)
    if named is None or all(scrubbed_batch(named[0], batch).equals(batch) for batch in read_batches(path)):
        connection.execute(SCRUBBED, [str(path)])
        return False
    batches = (scrubbed_batch(named[0], batch) for batch in read_batches(path))
    file = write_proven(path, *named, pyarrow.parquet.read_schema(path), batches)
    connection.execute(REWRITTEN, [file.rows, file.sha256, str(path)])
    return True
