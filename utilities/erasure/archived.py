"""A visitor in archived months: the files are written anew, and products described without the views that go."""

from collections import Counter
from collections.abc import Iterable
from functools import partial

import psycopg
import pyarrow.compute as pc

from spark.ledger import Ledger
from spark.product_pages import ProductDescription
from utilities.erasure.erase import erase_archived
from utilities.erasure.facts import PageViews, erase_archived_views
from utilities.erasure.find import Archive, is_visitors
from utilities.erasure.visitor import Visitor
from utilities.retention.month_archive import PARTIAL, read_batches

OF_PAGES = ("product_key", "kind_key", "page")
KNOWN_FILE = "SELECT path FROM etl.archived_file WHERE path = %s AND sha256 <> ''"
RECORD_FILE = """
UPDATE etl.archived_file SET rows = %s, sha256 = %s, archived_at = now() WHERE path = %s AND sha256 <> ''
"""
"""What was only announced stays so: its month may still be in the warehouse."""


def erase_archives(
    ledger: Ledger, archives: Iterable[Archive], visitor: Visitor, description: ProductDescription
) -> None:
    """Write the files anew that hold the visitor; raises ArchiveError for one that cannot be read or written."""
    for archive in (each for each in archives if each.rows):
        views = page_views(archive, visitor)
        erase = partial(_erase, archive=archive, visitor=visitor, views=views, description=description)
        ledger.transaction(erase)


def page_views(archive: Archive, visitor: Visitor) -> PageViews:
    """The visitor's events of each page; none of another fact, nor of a file from before they had pages."""
    views: PageViews = Counter()
    if archive.table == "fact_event" and archive.path.suffix != PARTIAL:
        for batch in read_batches(archive.path):
            if {*OF_PAGES} <= {*batch.schema.names}:
                on_pages = pc.and_(is_visitors(batch, visitor), pc.is_valid(batch.column("page")))
                seen = batch.filter(on_pages)
                views.update(zip(*(seen.column(name).to_pylist() for name in OF_PAGES), strict=True))
    return views


def _erase(
    connection: psycopg.Connection,
    archive: Archive,
    visitor: Visitor,
    views: PageViews,
    description: ProductDescription,
) -> None:
    """The file last: where anything before it fails, the next erasure finds the visitor in it again.

    Of a file that was only announced the warehouse has the views, or another file.
    """
    if connection.execute(KNOWN_FILE, [str(archive.path)]).fetchone():
        erase_archived_views(connection, views, description)
    if (file := erase_archived(archive, visitor)) is not None:
        connection.execute(RECORD_FILE, [file.rows, file.sha256, str(file.path)])
