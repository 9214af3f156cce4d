"""Windows of the feeds beside the main one: counted once, each feed by its own watermark, whoever counts them."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from config.errors import MillraceError
from kafka.visitor import identity_hash
from spark.live import batch as live_batch
from spark.live import feed_batch as live_feed_batch
from spark.live.metrics_index import Row, document_id, write_changes
from spark.live.records import Record
from spark.live.store import LiveStore
from tests.empty_database import Database
from tests.live_batches import (
    MINUTE,
    at,
    batch,
    count_records,
    feed_batch,
    order,
    record,
    row,
    series,
    stream_login,
    tables,
)
from utilities.erasure.facts import FORGET_FOLDER

pytestmark = pytest.mark.servers

KILL = "SELECT pg_terminate_backend(pg_backend_pid())"
STEPS, BUYS, READINGS, USERS = "user_clickstream", "purchase-events", "sensor-readings", "user-events"
CLICKS, ACTS = "click-events", "customer-events"


def buy(offset: int, seconds: float = 0, category: str = "books", price: float = 2.5, **fields: Any) -> Record:
    event = {
        "purchase_id": f"p{offset}",
        "user_id": "u1",
        "product_name": "novel",
        "category": category,
        "price": price,
        "quantity": 3,
        "timestamp": at(seconds),
    }
    return record(BUYS, offset, {**event, **fields}, seconds)


def step(offset: int, seconds: float, user: str, session: str, action: str = "view", **fields: Any) -> Record:
    event = {"user_id": user, "session_id": session, "page": "/", "action": action, "timestamp": at(seconds)}
    return record(STEPS, offset, {**event, **fields}, seconds)


def reading(offset: int, seconds: float, device: str, temperature: float, **fields: Any) -> Record:
    event = {"device_id": device, "temperature": temperature, "humidity": 40, "timestamp": at(seconds)}
    return record(READINGS, offset, {**event, **fields}, seconds)


def click(offset: int, user_agent: str, referrer: str = "") -> Record:
    event = {"click_id": f"c{offset}", "page_url": "https://shop.example/", "timestamp": at(1)}
    return record(CLICKS, offset, {**event, "user_agent": user_agent, "referrer": referrer})


def act(offset: int, kind: str, **fields: Any) -> Record:
    event = {"timestamp": at(offset), "customer_id": "u1", "event_type": kind, "product_id": "1"}
    return record(ACTS, offset, {**event, **fields})


def registration(offset: int, **fields: Any) -> Record:
    event = {"user_id": f"u{offset}", "name": "Ann", "email": "a@example.org", "event_type": "user_registration"}
    return record(USERS, offset, {**event, "timestamp": at(5), **fields})


MIXED = (
    buy(0, 1),
    buy(1, 2, "home", 0.1),
    buy(2, 3, purchase_id="p0"),
    buy(3, 70),
    buy(4, 4, price=-1),
    record(BUYS, 5, b"{"),
    step(0, 1, "ann", "s1"),
    step(1, 21.5, "ann", "s1", status=404),
    step(2, 5, "bob", "s2", "submit", page="/checkout"),
    step(3, 62, "ann", "s1", "scroll"),
    reading(0, 3, "d1", 20.1),
    reading(1, 4, "d2", -0.3),
    reading(2, 5, "d1", 20.2),
    registration(0, age=17),
    registration(1),
    act(0, "view"),
    act(1, "purchase", amount=10.5),
    click(0, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    click(1, "Googlebot/2.1 (+http://www.google.com/bot.html)"),
)


def test_each_feed_is_counted_by_what_its_events_tell(warehouse: Database) -> None:
    count_records(warehouse, *MIXED)
    assert series(warehouse, BUYS) == {
        ("events",): 2,
        ("purchases",): 2,
        ("purchases", "books"): 1,
        ("purchases", "home"): 1,
        ("revenue",): 7.8,
        ("revenue", "books"): 7.5,
        ("revenue", "home"): 0.3,
        ("valid",): 2,
        ("duplicates",): 1,
        ("invalid",): 2,
        ("invalid", "price:minimum"): 1,
        ("invalid", "not_json"): 1,
    }
    steps = series(warehouse, STEPS)
    assert (steps["page_views",], steps["active_users",], steps["sessions",]) == (2, 2, 2)
    assert (steps["errors",], steps["conversion",]) == (1, 0.5)
    assert steps["error_rate",] == pytest.approx(1 / 3)
    assert steps["session_seconds",] == pytest.approx(20.5 / 2)
    assert series(warehouse, STEPS, 1)["session_seconds",] == 61
    readings = series(warehouse, READINGS)
    assert (readings["temperature_min",], readings["temperature_max",]) == (-0.3, 20.2)
    assert readings["temperature_mean",] == pytest.approx(40 / 3)
    assert (readings["temperature_mean", "d1"], readings["humidity_max", "d2"]) == (20.15, 40)
    users = series(warehouse, USERS)
    assert (users["registrations",], users["registrations", "under 18"], users["registrations", "Unknown"]) == (2, 1, 1)
    acts = series(warehouse, ACTS)
    assert (acts["events",], acts["events", "view"], acts["amount",], acts["amount", "purchase"]) == (2, 1, 10.5, 10.5)
    clicks = series(warehouse, CLICKS)
    assert (clicks["events",], clicks["clicks",], clicks["clicks", "Desktop"]) == (2, 1, 1)


def test_in_whatever_batches_and_how_often_records_come_the_windows_are_the_same(warehouse: Database) -> None:
    at_once = [MIXED]
    one_by_one = [(each,) for each in MIXED]
    again = [MIXED[:7], MIXED[:12], MIXED[4:], MIXED]
    # Whatever comes first of a topic is what its partition begins with.
    found = []
    for batches in (at_once, one_by_one, again):
        with LiveStore(stream_login(warehouse)) as store:
            store.forget_all()
            for records in batches:
                store.apply(batch(), None, feed_batch(*records))
        found.append(tables(warehouse))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("folder", ["FEEDS_FOLDER", "PIPELINE_FOLDER"])
def test_a_stream_that_is_killed_between_two_statements_has_counted_nothing(
    folder: str, warehouse: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = live_feed_batch if folder == "FEEDS_FOLDER" else live_batch
    own: Path = getattr(module, folder)
    before = tables(warehouse)
    for statement in sorted(own.glob("*.sql")):
        place = tmp_path / statement.stem
        shutil.copytree(own, place)
        (place / f"{statement.stem}_killed.sql").write_text(KILL)
        with monkeypatch.context() as patched:
            patched.setattr(module, folder, place)
            with pytest.raises(MillraceError):
                count_records(warehouse, *MIXED, purchase_events=10)
        assert tables(warehouse) == before, statement.stem
    count_records(warehouse, *MIXED, purchase_events=10)
    assert series(warehouse, BUYS)["purchases",] == 2


def test_a_feed_closes_its_own_windows_only_and_then_only_late_events_change_them(warehouse: Database) -> None:
    count_records(warehouse, *MIXED, purchase_events=180, user_clickstream=179)
    with warehouse.connect("serving_query") as connection:
        closed = connection.execute(
            "SELECT DISTINCT feed, metric IN ('valid', 'invalid', 'duplicates'), extract(epoch FROM window_start)::int"
            " FROM live.series WHERE is_closed"
        ).fetchall()
    assert closed == [(BUYS, False, MINUTE)]
    before = series(warehouse, BUYS)
    count_records(warehouse, buy(6, 30), buy(7, 30, purchase_id="p6"), step(4, 59, "eve", "s3", "view"))
    after = series(warehouse, BUYS)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {("late_events",), ("valid",), ("duplicates",)}
    assert after["late_events",] == 1
    assert series(warehouse, STEPS)["sessions",] == 3


def test_who_was_there_is_forgotten_when_the_window_closes_and_ids_later(warehouse: Database) -> None:
    count_records(warehouse, *MIXED, user_clickstream=180, purchase_events=180)
    (left,) = tables(warehouse)["window_session"]
    assert left["window_start"].startswith("2026-01-01T00:01")
    hours = 24 * 3600
    count_records(warehouse, buy(6, hours), purchase_events=hours + 119)
    count_records(warehouse, buy(7, 1, purchase_id="p0"), purchase_events=hours + 180)
    found = tables(warehouse)
    assert series(warehouse, BUYS)["duplicates",] == 2
    assert len([each for each in found["feed_event_id"] if each["feed"] == BUYS]) == 2


def test_an_erasure_takes_away_who_was_in_a_session_and_no_number_even_of_an_open_window(warehouse: Database) -> None:
    count_records(warehouse, *MIXED, step(4, 6, "ann", "s3", "purchase"), step(5, 7, "eve", "s4"))
    before = [series(warehouse, STEPS, minute) for minute in (0, 1)]
    kept = tables(warehouse)
    ann, statement = identity_hash("ann", b"key"), (FORGET_FOLDER / "018_live_session.sql").read_text()
    assert ann is not None
    theirs = {each["session"] for each in kept["recent_session"] if each["person"].replace("-", "") == ann}
    with warehouse.connect("warehouse_etl") as connection:
        connection.execute(statement.encode(), {"visitor": ann})
    found = tables(warehouse)
    for table in ("window_session", "recent_session"):
        assert len(found[table]) == len(kept[table])
        assert not {each["person"].replace("-", "") for each in found[table]} & {ann}
        assert not {each["session"] for each in found[table]} & theirs
    # Another's step makes the open windows' numbers anew, of what is left.
    count_records(warehouse, step(6, 8, "eve", "s4", "scroll"), step(7, 63, "eve", "s4", "scroll"))
    after = [series(warehouse, STEPS, minute) for minute in (0, 1)]
    assert (before[0]["active_users",], after[0]["active_users",], after[0]["sessions",]) == (3, 3, 4)
    assert after[0]["conversion",] == before[0]["conversion",] == 0.5
    assert (after[1]["active_users",], after[1]["sessions",]) == (2, 2)


def test_an_event_from_the_future_closes_nothing_and_a_minute_of_the_bus_closes_by_the_bus(warehouse: Database) -> None:
    future = feed_batch(buy(0, 1), buy(1, 3000)._replace(milliseconds=(MINUTE + 2) * 1000))
    (part,) = future.parts
    assert part.read[0].reached == MINUTE + 62
    count_records(warehouse, buy(0, 1))
    count_records(warehouse, record(BUYS, 1, b"{", 400))
    with warehouse.connect() as connection:
        closed = connection.execute("SELECT metric FROM live.series WHERE is_closed ORDER BY 1").fetchall()
    assert closed == [("valid",)]


def test_what_would_not_fit_into_the_warehouse_stops_nothing(warehouse: Database) -> None:
    odd = reading(0, 3, "a\0b", 20.1), reading(1, 3, "\x02\x03\n\t\"'", 1e-300), buy(0, 1, price=1_000_000.0)
    count_records(warehouse, *odd, act(0, "view", amount=1e-7), record(USERS, 0, b'{"user_id": "\\u0000"}'))
    assert series(warehouse, READINGS)["temperature_max", "a\ufffdb"] == 20.1
    # Of a mean, double precision may not have the number: the least that it has, by three.
    least = (reading(place, 62, "d", 20, humidity=humidity) for place, humidity in ((2, 5e-324), (3, 0), (4, 0)))
    count_records(warehouse, *least)
    assert series(warehouse, READINGS, 1)["humidity_mean",] == 0


def test_the_stream_measures_how_many_events_it_takes_and_how_long_they_take(warehouse: Database) -> None:
    with LiveStore(stream_login(warehouse)) as store:
        store.apply(batch(row(0, bus_milliseconds=MINUTE * 1000)), None, feed_batch(*MIXED))
    with warehouse.connect("bi_reader") as connection:
        found = connection.execute(
            "SELECT metric, member, value FROM live.series WHERE feed = 'pipeline' AND metric <> 'latency_p95'"
        ).fetchall()
    measured = {(metric, member): value for metric, member, value in found}
    assert measured["throughput", BUYS] * 60 == pytest.approx(6)
    assert measured["throughput", "product_views"] * 60 == pytest.approx(1)
    assert measured["throughput", ""] * 60 == pytest.approx(len(MIXED) + 1)
    assert measured["latency_p50", BUYS] <= measured["latency_p99", BUYS]
    assert measured["latency_p99", ""] > 3600


def test_what_is_not_written_to_another_store_is_known_by_its_batch(warehouse: Database) -> None:
    written: list[Row] = []

    def away(_: Iterable[Row]) -> None:
        raise ConnectionError

    def write() -> list[Row]:
        written.clear()
        with stream_login(warehouse).connect() as connection:
            write_changes(connection, written.extend)
        return list(written)

    with LiveStore(stream_login(warehouse)) as store:
        store.apply(batch(row(0), order(1, 5, "4711", "2")), None, feed_batch(buy(0, 1), buy(1, 70)))
        with stream_login(warehouse).connect() as connection, pytest.raises(ConnectionError):
            write_changes(connection, away)
        store.apply(batch(), None, feed_batch(buy(2, 2)))
        first = write()
        assert len({document_id(each) for each in first}) == len(first)
        with warehouse.connect("bi_reader") as connection:
            shown = connection.execute("SELECT * FROM live.series").fetchall()
        assert sorted(first) == sorted(Row(*each) for each in shown)
        assert write() == []
        # Closing is a change of every row of the window, and of no other.
        store.apply(batch(row(2, 400)), MINUTE + 180, feed_batch(buy(3, 71)))
        again = [each for each in write() if each.feed != "pipeline"]
    main = [each for each in again if each.feed == "product_views" and each.window_start.minute == 0]
    assert {each.metric for each in main if each.is_closed} == {
        *("events", "views", "visitors", "orders", "late_events", "revenue", "valid", "invalid")
    }
    assert {each.window_start.minute for each in again if each.feed == BUYS} == {1}


def test_old_windows_of_a_feed_go_and_what_comes_for_them_is_still_counted(warehouse: Database) -> None:
    day = 24 * 3600
    count_records(warehouse, buy(0), buy(1, 40 * day), purchase_events=40 * day)
    assert series(warehouse, BUYS) == {}
    count_records(warehouse, buy(2, 1), purchase_events=40 * day)
    (feed,) = tables(warehouse)["feed"]
    assert feed["late_before_kept"] == 1


def test_the_main_feeds_windows_are_in_the_same_view(warehouse: Database) -> None:
    with LiveStore(stream_login(warehouse)) as store:
        store.apply(batch(row(0), row(1, 5, is_bot=True), row(2, 6, verdict="no_product"), row(3, 400)), MINUTE + 180)
    found = series(warehouse, "product_views")
    assert found == {
        ("events",): 1,
        ("views",): 1,
        ("visitors",): 1,
        ("orders",): 0,
        ("late_events",): 0,
        ("views", "80001"): 1,
        ("views", "6"): 1,
        ("views", "Direct"): 1,
        ("valid",): 2,
        ("invalid",): 1,
        ("invalid", "no_product"): 1,
    }
    with warehouse.connect("serving_query") as connection:
        open_rows = connection.execute(
            "SELECT DISTINCT extract(epoch FROM window_start)::int FROM live.series"
            " WHERE feed = 'product_views' AND NOT is_closed"
        ).fetchall()
    assert open_rows == [(MINUTE + 360,)]
