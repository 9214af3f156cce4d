"""A month of a fact is archived as the warehouse holds it, to the last decimal, or not at all."""

from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

import pyarrow.parquet
import pytest

from spark.ledger import Ledger
from tests.empty_database import Database
from tests.staged_events import CART, StagedEvent, load
from utilities.retention.month_archive import ArchiveError, archive_month

pytestmark = pytest.mark.servers

FEBRUARY = date(2026, 2, 1)
PRICES = [Decimal("24.9975"), Decimal("999999999999.9999"), Decimal("0"), None]
"""A currency has up to four decimals, and a price is below 10^12."""


def test_a_price_is_archived_with_all_its_decimals(warehouse: Database, tmp_path: Path) -> None:
    with Ledger(warehouse.login) as ledger:
        load(ledger, [StagedEvent(n, n, kind=CART, price=price) for n, price in enumerate(PRICES)])
        archived = ledger.transaction(
            partial(archive_month, table="fact_cart_event", month=FEBRUARY, directory=tmp_path)
        )
    rows = pyarrow.parquet.read_table(archived.path).sort_by("event_time")
    assert rows.column("price").to_pylist() == PRICES


def test_what_no_archive_can_hold_is_one_line_that_names_the_column(warehouse: Database, tmp_path: Path) -> None:
    with Ledger(warehouse.login) as ledger, pytest.raises(ArchiveError, match=r"fact_cart_event\.price"):
        load(ledger, [StagedEvent(0, 0, kind=CART, price=Decimal("0.00001"))])
        ledger.transaction(partial(archive_month, table="fact_cart_event", month=FEBRUARY, directory=tmp_path))
    assert list(tmp_path.iterdir()) == []
