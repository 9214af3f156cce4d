"""Events staged as Spark does it, without Spark: loaded as a run, or loaded again by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from hashlib import md5
from uuid import UUID

import psycopg

from spark.ledger import Ledger
from spark.load import PartitionCounts, RunFigures, make_partitions, publish
from spark.ranges import TopicPartition
from spark.scope import DAYS, FULL_REFRESH, INCREMENTAL, Scope
from tests.staged_view import DESCRIPTION

PLACE = TopicPartition("views", 0)
STAGED_EVENT = """
INSERT INTO staging.event (
    event_id, event_time, date_key, kind, product_id, store_id, visitor, user_hash, order_id, page, price, currency,
    user_agent_hash, bus_topic, bus_partition, bus_offset
) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, md5('an agent')::uuid, %s, %s, %s)
"""
STAGED_PRODUCT = """
INSERT INTO staging.product (product_id, page, first_date, product_name, language) VALUES (%s, %s, %s, %s, 'en')
"""
STAGED_STORE = "INSERT INTO staging.store (store_id) VALUES (%s)"
STAGED_LINE = """
INSERT INTO staging.order_line (event_id, line_number, product_id, amount, price, currency)
VALUES (%s, 1, %s, 2, 10, 'EUR')
"""
VIEW, ORDER, CART = "view_product_detail", "checkout_success", "add_to_cart_action"


def hashed(name: str) -> UUID:
    """What stands for an id in these tests."""
    return UUID(bytes=md5(name.encode()).digest())


@dataclass(frozen=True)
class StagedEvent:
    """One event at an offset of the bus, minutes from the first moment of 2026-02-01; its id is made of the offset."""

    offset: int
    minutes: float
    device: str = "tablet"
    user: str | None = None
    kind: str = VIEW
    product: str = "p"
    order_id: str | None = None
    name: str | None = None
    """What the page calls the product."""
    store: str = "s"
    price: Decimal | None = None
    """In euros."""

    @property
    def event_id(self) -> UUID:
        return hashed(f"event {self.offset}")

    @property
    def time(self) -> datetime:
        return datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=self.minutes)

    @property
    def page(self) -> str:
        return f"shop.example.com/{self.offset}"


def load(ledger: Ledger, events: Sequence[StagedEvent]) -> None:
    """Load new events as one run; their offsets follow each other and those that were loaded before."""
    figures = RunFigures({PLACE: PartitionCounts(*PLACE, events[0].offset, events[-1].offset + 1)})
    figures.partitions[PLACE].landed = figures.partitions[PLACE].events = len(events)
    figures.kinds = {(*PLACE, kind): sum(each.kind == kind for each in events) for kind in {e.kind for e in events}}
    _run(ledger, Scope(INCREMENTAL), figures, events)


def load_again(ledger: Ledger, events: Sequence[StagedEvent], first: date, last: date) -> None:
    """Load days again; `events` are all of theirs that are landed."""
    figures = RunFigures({PLACE: PartitionCounts(*PLACE, 0, 1 + max(each.offset for each in events))})
    staged = [each for each in events if first <= each.time.date() <= last]
    _run(ledger, Scope(DAYS, first, last), figures, staged)


def full_refresh(ledger: Ledger, events: Sequence[StagedEvent]) -> None:
    """Load everything anew; `events` are all that are landed."""
    figures = RunFigures({PLACE: PartitionCounts(*PLACE, 0, 1 + max(each.offset for each in events))})
    figures.partitions[PLACE].landed = figures.partitions[PLACE].events = len(events)
    figures.kinds = {(*PLACE, kind): sum(each.kind == kind for each in events) for kind in {e.kind for e in events}}
    _run(ledger, Scope(FULL_REFRESH), figures, events)


def _run(ledger: Ledger, scope: Scope, figures: RunFigures, events: Sequence[StagedEvent]) -> None:
    run_id = ledger.start_run(scope)
    figures.staged = {"event": len(events)}
    ledger.transaction(partial(_stage, events=events))
    ledger.transaction(make_partitions)
    ledger.transaction(lambda connection: publish(connection, run_id, scope, figures, (), DESCRIPTION))


def _stage(connection: psycopg.Connection, events: Sequence[StagedEvent]) -> None:
    for store in {each.store for each in events}:
        connection.execute(STAGED_STORE, [store])
    for each in events:
        user = hashed(each.user) if each.user else None
        when = (each.time, int(f"{each.time:%Y%m%d}"), each.kind, each.product, each.store)
        whose = (hashed(each.device), user, each.order_id, each.page)
        price = (each.price, None if each.price is None else "EUR")
        connection.execute(STAGED_EVENT, [each.event_id, *when, *whose, *price, *PLACE, each.offset])
        connection.execute(STAGED_PRODUCT, [each.product, each.page, each.time.date(), each.name])
        if each.order_id:
            connection.execute(STAGED_LINE, [each.event_id, each.product])
