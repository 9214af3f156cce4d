"""A visitor in the warehouse: counted, and erased in one transaction (`sql/forget/`)."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from config.settings import PROJECT_ROOT
from kafka.position import BusPosition
from kafka.scrubbing.scrub import MASK, scrubbed_url
from migrations.facts import OWNED_EVENT, PERSON_OF_EVENT, for_fact, of_single_events, statements, told_of_persons
from spark.definitions import stored_time_zone
from spark.event_text import USER
from spark.ledger import EMPTY_STAGING
from spark.load import ANALYZED_AFTER, CAMPAIGN_LOOKBACK, LOAD_FOLDER, RELOAD_FOLDER, SESSION_SILENCE, analyze
from spark.product_pages import ProductDescription
from spark.stored_texts import DESCRIBED_ANEW, UNDESCRIBED
from utilities.erasure.feed_facts import find_feed_facts
from utilities.erasure.visitor import Visitor
from utilities.stores.unused_members import delete_unused_members

FORGET_FOLDER = PROJECT_ROOT / "sql" / "forget"
ARCHIVED_TAKEN_OUT = sorted((FORGET_FOLDER / "archived").glob("*.sql"))
UNSEEN = FORGET_FOLDER / "027_product_page_unseen.sql"
# Whose row it is, and whose session: both tell of the person. Events of others in the person's sessions are found by
# the session's visitor and time, as an index has them.
EVENTS_TOLD_OF = f"""
WITH owned AS (
    SELECT event_id, date_key, session_id FROM fact_event WHERE {OWNED_EVENT}
), told AS (
    SELECT event_id, date_key FROM owned
    UNION
    SELECT event.event_id, event.date_key
    FROM (SELECT DISTINCT session_id FROM owned) AS visit
    JOIN fact_session AS session USING (session_id)
    JOIN fact_event AS event
        ON event.visitor = session.visitor AND event.event_time BETWEEN session.started_at AND session.ended_at
    WHERE event.person = %(visitor)s
)
SELECT count(*) FROM {{fact}} JOIN told USING (event_id, date_key)
"""
TOLD_OF = "SELECT count(*) FROM {fact} WHERE {owned} OR person = %(visitor)s"
CARRIED_TOLD_OF = f"SELECT count(*) FROM etl.carried_event WHERE {OWNED_EVENT} OR person = %(visitor)s"


def _load(*names: str) -> list[Path]:
    """Statements of the load, by name."""
    return [LOAD_FOLDER / f"{name}.sql" for name in names]


FINISH_RUN, TOUCHED_VISITORS, DAILY_ANEW = _load("099_run", "044_touched_visitor", "070_fact_product_views")
# Products that the visitor's events tell of, and the prices that no other view showed.
PRODUCTS_TAKEN_OUT = [RELOAD_FOLDER / f"{name}.sql" for name in ("012_touched_product", "013_dim_product_price")]
PRICED_ANEW, FIRST_DAY_ANEW = _load("058_dim_product_price", "081_dim_product_first_day")
# Names and paths that other pages say, what is preferred without these views, and the price that is the newest then.
PRODUCTS_ANEW = [UNDESCRIBED, *DESCRIBED_ANEW, PRICED_ANEW]
# What others did on the visitor's devices, who they are now, and the orders that their events still tell of.
SESSIONS_AND_ORDERS_ANEW = _load(
    "045_session_event",
    "046_carried_event_moved",
    "046_fact_moved",
    "047_renamed_view",
    "065_touched_order",
    "066_order_of_event",
    "067_fact_order_led",
    "067_fact_order_removed",
    "068_fact_order",
    "069_fact_order_line",
    "076_touch_before",
    "077_fact_session_removed",
    "078_fact_session",
    "079_fact_order_campaign",
    "079_fact_session_ordered",
)
# Of the days, products, countries and referrer types of the visitor's views.
SKETCHES_ANEW = _load(
    "071_fact_visitors_removed",
    "072_fact_visitors",
    "073_fact_referrer_type_visitors_removed",
    "074_fact_referrer_type_visitors",
)
# The load takes what is there for new events.
ERASED_IS_NOT_NEW = "TRUNCATE staging.resolved_event"
# Events that the person's sessions and those of touched visitors count.
SESSION_EVENTS = """
SELECT coalesce(sum(events), 0)::bigint
FROM (
    SELECT session_id, events FROM fact_session WHERE person = %(visitor)s
    UNION
    SELECT session_id, events
    FROM staging.touched_visitor AS touched
    JOIN fact_session AS session ON session.visitor = touched.visitor AND session.started_at >= touched.from_time
) AS told
"""
ORDER_EVENTS = "SELECT coalesce(sum(events), 0)::bigint FROM fact_order"
IS_ANYTHING_STAGED = """
SELECT EXISTS (SELECT FROM staging.resolved_event) OR EXISTS (SELECT FROM staging.removed_rejection)
"""
START_RUN = "INSERT INTO etl.run (mode) VALUES ('erasure') RETURNING run_id"
TOUCHED = "SELECT array_agg(DISTINCT date_key) FROM staging.resolved_event"
LOADED_AT = f"SELECT bus_topic, bus_partition, bus_offset FROM etl.known_events() WHERE {OWNED_EVENT}"
REJECTED_AT = """
SELECT bus_topic, bus_partition, bus_offset FROM etl.rejected_event
JOIN unnest(%(topics)s::text[], %(partitions)s::integer[], %(offsets)s::bigint[])
    AS known (bus_topic, bus_partition, bus_offset) USING (bus_topic, bus_partition, bus_offset)
"""
REJECTED_NAMING = """
SELECT bus_topic, bus_partition, bus_offset, original FROM etl.rejected_event
WHERE position(%s IN original) > 0 OR position(%s IN original) > 0
"""
# Whoever else used a device has its visitor, by which an index finds the events.
ON_DEVICES = f"""
event.visitor IN (SELECT visitor FROM etl.known_events() WHERE {OWNED_EVENT} UNION SELECT %(visitor)s)
"""
DEVICES = f"""
SELECT count(*) FROM dim_device AS device
WHERE device_id IS NOT NULL
  AND (device_id = %(device)s OR device_key IN (SELECT device_key FROM etl.known_events() WHERE {OWNED_EVENT}))
  AND device_key NOT IN (
      SELECT device_key FROM etl.known_events() AS event
      WHERE {ON_DEVICES} AND {PERSON_OF_EVENT} IS DISTINCT FROM %(visitor)s
  )
"""
OTHERS_ON_DEVICES = f"""
SELECT known.device_id, {PERSON_OF_EVENT} AS owner, count(*)
FROM etl.known_events() AS event
JOIN identity.device AS known USING (device_key)
WHERE {PERSON_OF_EVENT} <> %(visitor)s
  AND {ON_DEVICES}
GROUP BY known.device_id, owner
ORDER BY count(*) DESC
LIMIT 10
"""

PageViews = Counter[tuple[int, int, str]]
"""Events by product, kind and page: the keys and the text of `fact_event`."""


@dataclass(frozen=True)
class VisitorFacts:
    """What the warehouse holds: rows by table, and where the events stand on the bus."""

    rows: dict[str, int]
    loaded: set[BusPosition]
    rejected: set[BusPosition]


def find_facts(connection: psycopg.Connection, visitor: Visitor, positions: Iterable[BusPosition]) -> VisitorFacts:
    """Count the rows of every table; `positions` are those of the visitor's events that other stores know."""
    names = _names(visitor)
    rows = {fact: _value(connection, for_fact(EVENTS_TOLD_OF, fact), names) for fact in of_single_events()}
    rows |= {fact: _value(connection, for_fact(TOLD_OF, fact), names) for fact in told_of_persons()}
    rows["etl.carried_event"] = _value(connection, CARRIED_TOLD_OF, names)
    rejected = find_rejections(connection, visitor, positions)
    rows["etl.rejected_event"] = len(rejected)
    rows["dim_device"] = _value(connection, DEVICES, names)
    rows |= find_feed_facts(connection, visitor.hash)
    return VisitorFacts(rows, loaded_positions(connection, visitor), rejected)


def loaded_positions(connection: psycopg.Connection, visitor: Visitor) -> set[BusPosition]:
    """Where the loaded events of the visitor stand on the bus."""
    return {BusPosition(*place) for place in connection.execute(LOADED_AT.encode(), {"visitor": visitor.hash})}


def find_rejections(
    connection: psycopg.Connection, visitor: Visitor, positions: Iterable[BusPosition]
) -> set[BusPosition]:
    """Rejected events at the positions, and those whose masked original names the device, or the user by the hash."""
    found = {BusPosition(*place) for place in connection.execute(REJECTED_AT, _arrays(positions))}
    for *place, original in connection.execute(REJECTED_NAMING, [visitor.identity, visitor.hash.hex]):
        if _owns_masked(visitor, json.loads(original)):
            found.add(BusPosition(*place))
    return found


def _owns_masked(visitor: Visitor, event: object) -> bool:
    """Of a user whose id was masked before hashes were kept nobody knows whose it was: it goes with the device."""
    user = event.get(USER) if isinstance(event, dict) else None
    if user == MASK and isinstance(event, dict):
        return visitor.owns({**event, USER: None})
    return visitor.owns(event) or (user == visitor.hash.hex and visitor.person_field is None)


def others_on_devices(connection: psycopg.Connection, visitor: Visitor) -> list[tuple[str, Any, int]]:
    """Device id, owner's hash and events of others on the visitor's devices: at most ten, the most events first."""
    return list(connection.execute(OTHERS_ON_DEVICES.encode(), _names(visitor)))


def erase_facts(
    connection: psycopg.Connection,
    visitor: Visitor,
    rejected: Iterable[BusPosition],
    description: ProductDescription,
    stored: Iterable[BusPosition] = (),
) -> int | None:
    """Erase within the caller's transaction; the run whose counts say so, None where there was no event to erase.

    `stored` are the positions of the visitor's events wherever they are: the stream may have counted some that are not
    loaded. The ledger takes the events for such of no known kind from now on, which is what a full refresh finds in
    MongoDB.
    Sessions that the visitor's events were in are told anew: what is left of them is another person's. Staging is
    emptied, for a run that failed may have left the visitor there.
    """
    connection.execute(EMPTY_STAGING)
    values: dict[str, Any] = {**_names(visitor), **_arrays(rejected)}
    values |= {f"stored_{name}": places for name, places in _arrays(stored).items()}
    values |= {"session_silence": SESSION_SILENCE, "campaign_lookback": CAMPAIGN_LOOKBACK, "days": []}
    values |= {"mode": "erasure", "time_zone": stored_time_zone(connection), **description.values()}
    _run(connection, values, *FORGET_FOLDER.glob("01*.sql"))
    run_id: int | None = None
    if _value(connection, IS_ANYTHING_STAGED, {}):
        run_id = values["run_id"] = _value(connection, START_RUN, {})
        _run(connection, values, *FORGET_FOLDER.glob("02[01]*.sql"))
        _run(connection, values, FINISH_RUN)
    values["days"] = _value(connection, TOUCHED, {}) or []
    _run(connection, values, *PRODUCTS_TAKEN_OUT, *FORGET_FOLDER.glob("02[678]*.sql"), *PRODUCTS_ANEW)
    _run(connection, values, TOUCHED_VISITORS)
    ordered = _value(connection, ORDER_EVENTS, values)
    counted = _value(connection, SESSION_EVENTS, values)
    _run(connection, values, *FORGET_FOLDER.glob("0[34]*.sql"))
    _run(connection, values, *SESSIONS_AND_ORDERS_ANEW)
    values["session_events"] = _value(connection, SESSION_EVENTS, values) - counted
    values["order_events"] = _value(connection, ORDER_EVENTS, values) - ordered
    _run(connection, values, DAILY_ANEW, FIRST_DAY_ANEW)
    _run(connection, values, *FORGET_FOLDER.glob("0[56]*.sql"))
    connection.execute(ERASED_IS_NOT_NEW)
    _run(connection, values, *SKETCHES_ANEW)
    connection.execute(EMPTY_STAGING)
    delete_unused_members(connection)
    return run_id


def erase_archived_views(connection: psycopg.Connection, views: PageViews, description: ProductDescription) -> None:
    """Describe products without views that an archived file has no more, within the caller's transaction."""
    if not views:
        return
    values = description.values() | {
        "products": [product for product, _, _ in views],
        "kinds": [kind for _, kind, _ in views],
        "pages": [page for _, _, page in views],
        "scrubbed": [scrubbed_url(page) for _, _, page in views],
        "views": list(views.values()),
    }
    connection.execute(EMPTY_STAGING)
    _run(connection, values, *ARCHIVED_TAKEN_OUT, UNSEEN, UNDESCRIBED, *DESCRIBED_ANEW)
    connection.execute(EMPTY_STAGING)


def _names(visitor: Visitor) -> dict[str, Any]:
    """The visitor's hash; `device` is how dim_device spells it."""
    return {"visitor": visitor.hash, "device": visitor.hash.hex}


def _run(connection: psycopg.Connection, values: dict[str, Any], *files: Path) -> None:
    for file in sorted(files, key=lambda file: file.name):
        for statement in statements(file):
            connection.execute(statement.encode(), values)
        if table := ANALYZED_AFTER.get(file.stem):
            analyze(connection, table)


def _arrays(positions: Iterable[BusPosition]) -> dict[str, list[Any]]:
    ordered = sorted(positions)
    return {
        "topics": [place.topic for place in ordered],
        "partitions": [place.partition for place in ordered],
        "offsets": [place.offset for place in ordered],
    }


def _value(connection: psycopg.Connection, query: str, values: dict[str, Any]) -> Any:
    row = connection.execute(query.encode(), values).fetchone()
    return row[0] if row else None
