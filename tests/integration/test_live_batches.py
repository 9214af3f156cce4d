"""A batch of the stream is counted in one transaction, once, whatever happens to whoever counts it."""

import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config.errors import MillraceError, TerminalError, UnderWayError
from spark.live import batch as live_batch
from spark.live.store import STREAM_LOCK, LiveStore
from spark.live.watermark import reached_of
from tests.empty_database import Database
from tests.live_batches import (
    MINUTE,
    RULES,
    TOPIC,
    TOPIC_ID,
    batch,
    count,
    hashed,
    order,
    row,
    stream_login,
    tables,
    window,
)
from utilities.erasure.facts import FORGET_FOLDER
from utilities.reconciliation.live_windows import read_live

pytestmark = pytest.mark.servers

LOADED = """
INSERT INTO fact_event (
    event_id, event_time, product_key, country_key, referrer_key, device_key, bus_offset, run_id, date_key,
    bus_partition, kind_key, is_bot, bus_topic
)
SELECT %s, '2026-01-01 00:00Z', -1, -1, -1, -1, %s, %s, 20260101, %s, kind_key, false, %s
FROM dim_event_kind WHERE kind = 'view_product_detail'
"""
MARK = """
INSERT INTO etl.watermark (bus_topic, bus_partition, next_offset, run_id) VALUES (%s, %s, %s, %s)
ON CONFLICT (bus_topic, bus_partition) DO UPDATE SET next_offset = excluded.next_offset, run_id = excluded.run_id
"""
END_HOLDER = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
WHERE locktype = 'advisory' AND (classid::bigint << 32) + objid::bigint = %s
"""
MIXED = (
    row(0),
    row(1, 5, visitor=hashed("w"), user_hash=hashed("user")),
    row(2, 70, kind="view_home_page", is_bot=True, product=None),
    order(3, 80, "4711", "10.50", "2"),
    row(4, 10, verdict="no_product"),
    row(0, 20, bus_partition=1, event_id=hashed((0, 0))),
    row(5, 600, bus_seconds=MINUTE + 1),
)
ERASED = """
INSERT INTO staging.resolved_event (
    event_id, event_time, date_key, product_key, country_key, referrer_key, device_key, bus_topic, bus_partition,
    bus_offset, kind_key, is_bot
)
SELECT event_id, event_time, date_key, product_key, country_key, referrer_key, device_key, bus_topic, bus_partition,
       bus_offset, kind_key, is_bot
FROM fact_event WHERE bus_offset = %s
"""
KILL = "SELECT pg_terminate_backend(pg_backend_pid())"


def load(
    warehouse: Database, event: str, offset: int, partition: int = 0, topic: str = TOPIC, mode: str = "incremental"
) -> None:
    """As a run of the ETL that took the event from this position and came past it."""
    with warehouse.connect() as connection:
        connection.execute("SELECT etl.ensure_month_partition('2026-01-01')")
        ((run_id,),) = connection.execute("INSERT INTO etl.run (mode) VALUES (%s) RETURNING run_id", [mode]).fetchall()
        connection.execute(LOADED, [event, offset, run_id, partition, topic])
        connection.execute(MARK, [topic, partition, offset + 1, run_id])


def known_ids(warehouse: Database) -> list[str]:
    with warehouse.connect() as connection:
        return [found.hex for (found,) in connection.execute("SELECT event_id FROM live.event_id").fetchall()]


def test_a_batch_is_counted_by_window_kind_product_store_and_referrer_robots_apart(warehouse: Database) -> None:
    count(warehouse, *MIXED)
    first, second = window(warehouse), window(warehouse, 1)
    assert (first["events"], first["views"], first["visitors"], first["persons"]) == (2, 2, 2, 2)
    assert (second["events"], second["bot_events"], second["order_events"], second["orders"]) == (2, 1, 1, 1)
    found = tables(warehouse)
    counts = {(each["dimension"], each["member"]): each["events"] for each in found["window_count"]}
    assert counts["kind", "view_home_page"] == 1
    assert [each["revenue"] for each in found["window_revenue"]] == [12.5]
    verdicts = [(each["minute"][:16], each["verdict"], each["events"]) for each in found["quality"]]
    assert ("2026-01-01T00:00", "duplicate", 1) in verdicts
    assert ("2026-01-01T00:00", "no_product", 1) in verdicts
    assert {each["bus_partition"]: each["next_offset"] for each in found["position"]} == {0: 6, 1: 1}


def test_a_batch_that_is_applied_twice_counts_once(warehouse: Database) -> None:
    count(warehouse, *MIXED, watermark=10)
    once = tables(warehouse)
    count(warehouse, *MIXED, watermark=10)
    assert tables(warehouse) == once


def test_a_batch_that_is_applied_again_with_more_counts_the_rest(warehouse: Database) -> None:
    count(warehouse, *MIXED[:2])
    count(warehouse, *MIXED)
    in_parts = tables(warehouse)
    with LiveStore(stream_login(warehouse)) as store:
        store.forget_all()
    count(warehouse, *MIXED)
    assert in_parts == tables(warehouse)


@pytest.mark.parametrize("place", range(17))
def test_a_stream_that_is_killed_between_two_statements_has_counted_nothing(
    place: int, warehouse: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "batch"
    shutil.copytree(live_batch.BATCH_FOLDER, folder)
    statements = sorted(folder.glob("*.sql"))
    assert len(statements) == 17
    (folder / f"{statements[place].stem}_killed.sql").write_text(KILL)
    before = tables(warehouse)
    with monkeypatch.context() as patched:
        patched.setattr(live_batch, "BATCH_FOLDER", folder)
        with pytest.raises(MillraceError):
            count(warehouse, *MIXED, watermark=10)
    assert tables(warehouse) == before
    count(warehouse, *MIXED, watermark=10)
    assert window(warehouse)["events"] == 2


def test_two_streams_never_count_at_once(warehouse: Database) -> None:
    with (
        LiveStore(stream_login(warehouse)),
        pytest.raises(UnderWayError, match=r"another \./millrace stream is under way"),
        LiveStore(stream_login(warehouse)),
    ):
        pass


def test_a_stream_that_lost_its_lock_to_another_counts_no_more(warehouse: Database) -> None:
    with LiveStore(stream_login(warehouse, outage_seconds=5)) as former:
        former.apply(batch(row(0)), None)
        with warehouse.connect("postgres") as connection:
            assert connection.execute(END_HOLDER, [STREAM_LOCK]).fetchall() == [(True,)]
        with LiveStore(stream_login(warehouse)) as other:
            other.apply(batch(row(1)), None)
        with pytest.raises(TerminalError, match="another stream has begun since"):
            former.apply(batch(row(1), row(2)), None)
    assert window(warehouse)["events"] == 2


def test_a_stream_that_was_cut_off_for_a_moment_goes_on(warehouse: Database) -> None:
    with LiveStore(stream_login(warehouse, outage_seconds=5)) as store:
        store.apply(batch(row(0)), None)
        with warehouse.connect("postgres") as connection:
            assert connection.execute(END_HOLDER, [STREAM_LOCK]).fetchall() == [(True,)]
        store.apply(batch(row(1)), None)
    assert window(warehouse)["events"] == 2


def test_a_closed_window_changes_in_nothing_but_what_is_late(warehouse: Database) -> None:
    count(warehouse, row(0), order(1, 1, "4711", "1"), watermark=180)
    closed, parts = window(warehouse), tables(warehouse)
    assert closed["closed_batch_id"] is not None
    count(warehouse, row(2, 30), order(3, 31, "4712", "5"), row(4, 60), watermark=180)
    late = window(warehouse)
    changed = {name for name in late if late[name] != closed[name]} - {"batch_id", "updated_at"}
    assert changed == {"late_events", "late_views", "late_order_events"}
    assert (late["late_events"], late["late_views"], late["late_order_events"]) == (2, 1, 1)
    after = tables(warehouse)
    assert after["window_revenue"] == parts["window_revenue"]
    assert window(warehouse, 1)["late_events"] == 0


def test_a_window_that_nobody_was_in_when_it_closed_has_late_events_only(warehouse: Database) -> None:
    count(warehouse, row(0, 600), watermark=600)
    count(warehouse, row(1, 0))
    found = window(warehouse)
    assert (found["events"], found["late_events"]) == (0, 1)
    assert found["closed_batch_id"] is not None


def test_a_window_is_open_until_the_watermark_has_passed_its_end_by_the_lateness(warehouse: Database) -> None:
    count(warehouse, row(0), watermark=179)
    assert window(warehouse)["closed_batch_id"] is None
    count(warehouse, row(1), watermark=180)
    assert window(warehouse)["events"] == 2
    assert window(warehouse)["closed_batch_id"] is not None


def test_an_event_from_the_future_is_counted_as_early_and_closes_nothing(warehouse: Database) -> None:
    future = row(1, 3_000, bus_seconds=MINUTE)
    assert reached_of(batch(row(0), future).read) == {0: MINUTE + 60}
    count(warehouse, row(0), future)
    assert window(warehouse, 50)["early_events"] == 1
    assert window(warehouse)["early_events"] == 0


def test_a_record_from_a_clock_years_ahead_removes_no_window_and_makes_no_later_one_late(warehouse: Database) -> None:
    years = 13 * 365 * 86_400
    count(warehouse, row(0), row(1, 3_600))
    ahead = batch(row(2, years), now=MINUTE + 3_600)
    (reached,) = reached_of(ahead.read).values()
    with LiveStore(stream_login(warehouse)) as store:
        store.apply(ahead, reached)
        store.apply(batch(row(3, 3_610), now=MINUTE + 3_610), reached)
    assert window(warehouse)["events"] == 1
    assert (window(warehouse, 60)["events"], window(warehouse, 60)["late_events"]) == (2, 0)
    assert window(warehouse, years // 60)["early_events"] == 1


def test_who_was_there_is_forgotten_when_the_window_closes(warehouse: Database) -> None:
    count(warehouse, row(0), row(1, 300), watermark=180)
    assert window(warehouse)["visitors"] == 1
    (left,) = tables(warehouse)["window_visitor"]
    assert left["window_start"].startswith("2026-01-01T00:05")


def test_a_user_is_one_person_on_two_devices_and_with_the_events_before_the_login(warehouse: Database) -> None:
    user = hashed("user")
    count(warehouse, row(0, visitor=hashed("a")), row(1, visitor=hashed("b"), user_hash=user))
    count(warehouse, row(2, visitor=hashed("a"), user_hash=user), row(3, visitor=hashed("c")), row(4, is_bot=True))
    found = window(warehouse)
    assert (found["visitors"], found["persons"]) == (3, 2)


def test_an_id_counts_once_in_one_batch_and_in_a_later_one(warehouse: Database) -> None:
    same: dict[str, Any] = {"event_id": hashed("one")}
    count(warehouse, row(0, **same), row(1, **same))
    count(warehouse, row(2, 70, **same), row(0, 5, bus_partition=1, **same))
    assert window(warehouse)["events"] == 1
    assert len(tables(warehouse)["window_total"]) == 1


def test_an_event_that_the_etl_has_loaded_counts_and_another_record_with_its_id_does_not(warehouse: Database) -> None:
    load(warehouse, hashed("one"), offset=7)
    count(warehouse, row(6, event_id=hashed("one")), row(7, event_id=hashed("one")), row(8, event_id=hashed("one")))
    assert window(warehouse)["events"] == 1


def test_ids_that_the_facts_know_are_forgotten_and_still_count_once(warehouse: Database) -> None:
    count(warehouse, row(0, event_id=hashed("one")), row(1, event_id=hashed("two")))
    load(warehouse, hashed("one"), offset=0)
    count(warehouse, row(2, event_id=hashed("three")))
    assert set(known_ids(warehouse)) == {hashed("two"), hashed("three")}
    count(warehouse, row(3, event_id=hashed("one")))
    assert window(warehouse)["events"] == 3


def test_an_id_whose_other_record_the_etl_took_first_is_known_until_that_one_is_read(warehouse: Database) -> None:
    count(warehouse, row(5, event_id=hashed("one")))
    load(warehouse, hashed("other"), offset=5)
    load(warehouse, hashed("one"), offset=0, partition=1)
    count(warehouse, row(6, event_id=hashed("two")))
    assert hashed("one") in known_ids(warehouse)
    count(warehouse, row(0, bus_partition=1, event_id=hashed("one")))
    assert window(warehouse)["events"] == 2


def test_an_order_is_counted_once_for_its_buyer_and_again_for_another(warehouse: Database) -> None:
    user = hashed("user")
    count(
        warehouse,
        order(0, 0, "4711"),
        order(1, 1, "4711", "10"),
        order(2, 2, "4711", "99"),
        order(3, 3, "4711", "7", visitor=hashed("w")),
        order(4, 4, "4712", "1", visitor=hashed("a"), user_hash=user),
        order(5, 70, "4712", "1", visitor=hashed("b"), user_hash=user),
        order(6, 6, None, "3"),
        order(7, 7, None, "4", is_bot=True),
    )
    assert (window(warehouse)["order_events"], window(warehouse)["orders"], window(warehouse)["bot_orders"]) == (
        7,
        5,
        1,
    )
    assert window(warehouse, 1)["orders"] == 0
    revenue = {each["is_bot"]: each["revenue"] for each in tables(warehouse)["window_revenue"]}
    assert revenue == {False: 21, True: 4}


def test_an_order_id_of_yesterday_is_another_order(warehouse: Database) -> None:
    day = 24 * 3600
    count(warehouse, order(0, 0, "4711", "10"))
    count(warehouse, order(1, day + 60, "4711", "10"))
    assert window(warehouse, 24 * 60 + 1)["orders"] == 1


def test_old_windows_go_and_what_comes_for_them_is_still_counted(warehouse: Database) -> None:
    day = 24 * 3600
    count(warehouse, row(0), row(1, 40 * day), watermark=40 * day)
    assert len(tables(warehouse)["window_total"]) == 1
    count(warehouse, row(2, 1), watermark=40 * day)
    (stream,) = tables(warehouse)["stream"]
    assert stream["late_before_kept"] == 1
    assert len(tables(warehouse)["window_total"]) == 1


def test_for_how_long_a_partition_was_silent_outlives_the_stream(warehouse: Database) -> None:
    with LiveStore(stream_login(warehouse)) as store:
        store.begin(TOPIC, TOPIC_ID, {0: 0, 1: 0, 2: 0})
        with warehouse.connect() as connection:
            connection.execute("UPDATE live.position SET heard_at = heard_at - interval '1 hour'")
        store.apply(batch(row(0, 30), row(0, verdict="no_product", bus_partition=1)), None)
    with LiveStore(stream_login(warehouse)) as store:
        found = store.progress(TOPIC, RULES.window_seconds).positions
    assert {partition: each.silent_seconds >= 3_600 for partition, each in found.items()} == {
        0: False,
        1: True,
        2: True,
    }


def test_positions_begin_where_the_bus_does_and_windows_of_another_length_are_refused(warehouse: Database) -> None:
    with LiveStore(stream_login(warehouse)) as store:
        assert store.progress(TOPIC, RULES.window_seconds).positions == {}
        store.begin(TOPIC, TOPIC_ID, {0: 5, 1: 0})
        store.apply(batch(row(7, 30)), MINUTE)
        found = store.progress(TOPIC, RULES.window_seconds)
        assert {partition: each.next_offset for partition, each in found.positions.items()} == {0: 8, 1: 0}
        assert (found.positions[0].reached, found.watermark) == (MINUTE + 30, MINUTE)
        with pytest.raises(TerminalError, match="STREAM_WINDOW_SECONDS is 300: set it back"):
            store.progress(TOPIC, 300)
        store.forget_all()
        assert store.progress(TOPIC, 300).positions == {}


def in_time_and_facts(warehouse: Database) -> tuple[int, int, bool]:
    """Events of the first window as the reconciliation reads them, and whether it holds."""
    with warehouse.connect() as connection:
        first = read_live(connection).windows[0]
    return first.measures[0].live, first.measures[0].facts, first.holds


def erase(warehouse: Database, offset: int) -> None:
    """As the erasure of a visitor whose only event is the fact of this position."""
    with warehouse.connect() as connection:
        connection.execute(ERASED, [offset])
        places = {"stored_topics": [TOPIC], "stored_partitions": [0], "stored_offsets": [offset]}
        connection.execute((FORGET_FOLDER / "015_live_window.sql").read_bytes(), places)
        connection.execute("DELETE FROM fact_event WHERE bus_offset = %s", [offset])
        connection.execute("TRUNCATE staging.resolved_event")


def test_what_was_rejected_and_is_loaded_later_is_in_no_window_until_the_stream_counts_anew(
    warehouse: Database,
) -> None:
    def count_anew(second: dict[str, Any]) -> None:
        with LiveStore(stream_login(warehouse)) as store:
            store.forget_all()
            store.progress(TOPIC, RULES.window_seconds)
            store.begin(TOPIC, TOPIC_ID, {0: 0})
            store.apply(batch(row(0), second, row(2, 600)), MINUTE + 600)

    count_anew(row(1, verdict="no_product"))
    load(warehouse, hashed((0, 0)), 0)
    load(warehouse, hashed((0, 1)), 1, mode="rejected")
    assert in_time_and_facts(warehouse) == (1, 1, True)
    erase(warehouse, 1)
    assert in_time_and_facts(warehouse) == (1, 1, True)
    load(warehouse, hashed((0, 1)), 1, mode="rejected")
    count_anew(row(1))
    assert in_time_and_facts(warehouse) == (2, 2, True)
    erase(warehouse, 1)
    assert in_time_and_facts(warehouse) == (2, 1, True)


def refused(warehouse: Database, user: str, statement: str) -> Any:
    with warehouse.connect(user) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_the_stream_sees_of_the_warehouse_what_it_needs_and_analysts_see_no_visitor(warehouse: Database) -> None:
    for statement in (
        "SELECT visitor FROM fact_event",
        "SELECT * FROM etl.rejected_event",
        "SELECT * FROM identity.device",
        "DELETE FROM fact_event",
        "SELECT * FROM staging.event",
        "UPDATE etl.watermark SET next_offset = 0",
    ):
        refused(warehouse, "warehouse_stream", statement)
    for table in ("window_visitor", "recent_order", "event_id", "position"):
        refused(warehouse, "bi_reader", f"SELECT * FROM live.{table}")
    refused(warehouse, "bi_reader", "DELETE FROM live.window_total")
    with warehouse.connect("bi_reader") as connection:
        connection.execute("SELECT * FROM live.window_total, live.window_count, live.window_revenue, live.quality")
