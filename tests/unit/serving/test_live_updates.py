"""Every browser gets every change once, in order; one that is slow gets the latest of each; the store is read once."""

import asyncio
import json
import re
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from kafka.feeds.declaration import load_feeds
from serving.query import hub
from serving.query.hub import Hub
from serving.query.live_state import GOOD_SECONDS, KEPT_DELTAS, LiveState
from serving.query.live_store import CATALOG, NEWEST, RECENT, TOPS, Recent
from serving.query.metric_names import LARGE_DIMENSIONS
from spark.live.measures import cells_of, values_of
from tests.unit.serving.query_parts import FakeLive, make_query, query_api

NOON = 1_796_040_000


def row(minute: int, value: float | None, closed: bool = False, metric: str = "views") -> tuple[Any, ...]:
    return ("product_views", metric, "", "", "", NOON + 60 * minute, value, closed)


def recent(*rows: tuple[Any, ...], tops: Any = (), anomalies: Any = ()) -> Recent:
    return Recent(max((each[5] for each in rows), default=None), 60, NOON, rows, tops, anomalies)


def apply(state: LiveState, *rows: tuple[Any, ...], events: Any = None, **more: Any) -> bool:
    return state.apply(recent(*rows, **more), events, NOON + 70, 60)


def points(body: dict[str, Any]) -> dict[str, list[list[Any]]]:
    return {each["metric"]: each["points"] for each in body["series"]}


def test_a_snapshot_then_only_what_has_changed() -> None:
    state = LiveState()
    assert apply(state, row(0, 3, True), row(1, 5))
    first = json.loads(state.snapshot())
    assert (first["type"], first["number"]) == ("snapshot", 1)
    assert points(first) == {"views": [[NOON, 3, True], [NOON + 60, 5, False]]}
    assert not apply(state, row(0, 3, True), row(1, 5))
    assert state.number == 1
    assert apply(state, row(0, 3, True), row(1, 6), row(1, 1, metric="orders"))
    changed = json.loads(state.after(1) or b"")
    assert (changed["type"], changed["after"], changed["number"]) == ("delta", 1, 2)
    assert points(changed) == {"views": [[NOON + 60, 6, False]], "orders": [[NOON + 60, 1, False]]}
    assert state.after(1) is state.after(1)


def test_a_missing_window_is_a_gap_and_a_value_without_a_number_null() -> None:
    state = LiveState()
    apply(state, row(0, 1), row(2, None))
    assert points(json.loads(state.snapshot()))["views"] == [[NOON, 1, False], [NOON + 120, None, False]]


def test_a_late_window_stands_in_its_place() -> None:
    state = LiveState()
    apply(state, row(0, 1), row(2, 3))
    apply(state, row(1, 2))
    assert [each[1] for each in points(json.loads(state.snapshot()))["views"]] == [1, 2, 3]


def test_of_several_changes_a_slow_client_gets_the_latest_of_each() -> None:
    state = LiveState()
    for value in range(1, 6):
        apply(state, row(0, value), row(value, value), events=[{"id": str(value)}])
    merged = json.loads(state.after(2) or b"")
    assert (merged["after"], merged["number"]) == (2, 5)
    assert points(merged)["views"] == [[NOON, 5, False], *([NOON + 60 * each, each, False] for each in (3, 4, 5))]
    assert [each["id"] for each in merged["events"]] == ["5", "4", "3"]


def test_whoever_comes_back_goes_on_where_they_were_or_begins_anew() -> None:
    state = LiveState()
    for value in range(KEPT_DELTAS + 5):
        apply(state, row(0, value))
    newest = state.number
    assert state.position(state.resume) == newest
    assert state.position(f"{state.process}-{newest - KEPT_DELTAS}") == newest - KEPT_DELTAS
    for unknown in (None, "", "x", f"{state.process}-3", f"{state.process}-{newest + 1}", f"other-{newest}"):
        assert state.position(unknown) is None
    assert state.after(3) is None


def test_windows_older_than_what_is_shown_are_let_go_of() -> None:
    state = LiveState()
    apply(state, row(0, 1), row(50, 1))
    apply(state, row(65, 1))
    assert [each[0] for each in points(json.loads(state.snapshot()))["views"]] == [NOON + 3000, NOON + 3900]


def everybody_begins_anew(state: LiveState, number: int) -> bool:
    """Whether no client of an earlier number gets changes; the next change is one for those who have begun anew."""
    assert state.after(state.number) is not None
    return state.after(number) is None and state.position(f"{state.process}-{number}") is None


def test_what_a_whole_reading_lacks_is_gone_for_everybody() -> None:
    state = LiveState()
    apply(state, row(0, 1, True), row(3, 2), row(3, 2, metric="orders"))
    assert not apply(state, row(3, 2)), "a reading of what moves says nothing of the rest"
    assert state.apply(recent(row(3, 2)), None, NOON + 70, 60, is_whole=True)
    assert everybody_begins_anew(state, 1)
    assert points(json.loads(state.snapshot())) == {"views": [[NOON + 180, 2, False]]}
    assert state.apply(recent(row(64, 2)), None, NOON + 70, 60, is_whole=True)
    assert points(json.loads(state.after(2) or b"")) == {"views": [[NOON + 3840, 2, False]]}, "of age nobody is told"
    assert state.apply(Recent(None, 60, None, [], [], []), None, NOON + 70, 60, is_whole=True)
    assert json.loads(state.snapshot())["series"] == []


def test_an_anomaly_that_ended_unseen_stays_on_no_page() -> None:
    state = LiveState()
    over, going_on = {"id": 7, "ended_at": NOON}, {"id": 8, "ended_at": None}
    apply(state, row(0, 1), anomalies=[going_on, over])
    assert not apply(state, row(0, 1), anomalies=[going_on])
    assert apply(state, row(0, 1))
    assert everybody_begins_anew(state, 1)
    assert json.loads(state.snapshot())["anomalies"] == []


def test_that_search_is_away_and_is_back_reaches_pages_that_are_open() -> None:
    state = LiveState()
    apply(state, row(0, 1), events=[{"id": "a"}])
    for number, events in ((1, None), (2, [])):
        assert apply(state, row(0, 1), events=events)
        assert everybody_begins_anew(state, number)
        assert json.loads(state.snapshot())["events"] == events
    assert not apply(state, row(0, 1), events=[])


def test_tops_and_anomalies_come_whole_when_they_change() -> None:
    state = LiveState()
    top = [("product_views", "views", "product", "a", "", 3), ("product_views", "views", "product", "b", "", 1)]
    anomaly = {"id": 7, "state": "open"}
    apply(state, row(0, 1), tops=top, anomalies=[anomaly])
    apply(state, row(0, 1), tops=top, anomalies=[{**anomaly, "state": "confirmed"}])
    changed = json.loads(state.after(1) or b"")
    assert (changed["tops"], changed["anomalies"], changed["series"]) == ([], [{"id": 7, "state": "confirmed"}], [])
    assert json.loads(state.snapshot())["tops"][0]["members"] == [["a", 3], ["b", 1]]


def test_a_top_that_has_emptied_is_told_as_empty() -> None:
    state = LiveState()
    apply(state, row(0, 1), tops=[("product_views", "views", "product", "a", "", 3)])
    apply(state, row(60, 1), tops=[])
    assert [each["members"] for each in json.loads(state.after(1) or b"")["tops"]] == [[]]
    assert json.loads(state.snapshot())["tops"] == []
    apply(state, row(61, 1), tops=[])
    assert json.loads(state.after(2) or b"")["tops"] == []


def test_nothing_that_is_shown_hangs_on_a_window_that_has_not_begun() -> None:
    for statement in (NEWEST, RECENT, TOPS, CATALOG):
        reads = statement.count("FROM live.series")
        assert len(re.findall(r"window_start (?:BETWEEN .+ AND|<=) now\(\)", statement)) == reads > 0


def test_members_that_are_any_word_of_a_sender_are_told_by_the_greatest_alone() -> None:
    feed = load_feeds()["customer-events"]
    event = {"timestamp": "2026-01-05T12:00:00Z", "customer_id": "7", "event_type": "view_item_80001", "amount": 1}
    assert list(feed.validate(event, NOON * 1000)) == []
    named = {cell.dimension for cell in cells_of(feed.name, values_of(feed, event)) if "80001" in cell.member}
    assert named and named <= set(LARGE_DIMENSIONS)


def test_numbers_that_are_read_no_more_are_not_called_live() -> None:
    now = [NOON + 70.0]
    state = LiveState(lambda: now[0])
    apply(state, row(0, 1))
    told = [json.loads(state.snapshot())["is_stale"], json.loads(state.tick())["is_stale"]]
    now[0] += GOOD_SECONDS + 1
    tick = json.loads(state.tick())
    assert (told, tick["is_stale"], tick["at"]) == ([False, False], True, NOON + 70)
    assert json.loads(state.snapshot())["is_stale"]
    assert json.loads(state.after(0) or b"")["is_stale"]
    state.apply(recent(row(0, 1)), None, now[0], 60)
    assert not json.loads(state.snapshot())["is_stale"]
    now[0] += 300
    state.apply(recent(row(0, 1)), None, now[0], 60)
    assert json.loads(state.snapshot())["is_stale"]


def test_many_clients_are_one_reader_and_one_encoding() -> None:
    query, _, live, _, _, _ = make_query()

    async def scenario() -> tuple[int, set[int]]:
        hub = query.hub
        hub.start()
        live.points = [row(0, 1)]
        assert all(await asyncio.gather(*(hub.filled() for _ in range(200))))
        waiting = [asyncio.create_task(hub.beyond(hub.state.number, 30)) for _ in range(200)]
        live.points = [row(0, 2)]
        assert all(await asyncio.gather(*waiting))
        bodies = {id(hub.state.after(hub.state.number - 1)) for _ in range(200)}
        await hub.close()
        return live.reads, bodies

    reads, bodies = asyncio.run(scenario())
    assert reads < 10
    assert len(bodies) == 1


def test_what_the_store_has_lost_leaves_with_the_next_whole_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "WHOLE_SECONDS", 0)
    with query_api() as api:
        api.log_in()
        api.live.points = [row(0, 1), row(1, 1)]
        with api.client.websocket_connect("/ws/live") as socket:
            socket.receive_json()
            api.live.points = [row(1, 1)]
            told = socket.receive_json()
    assert (told["type"], points(told)) == ("snapshot", {"views": [[NOON + 60, 1, False]]})


def test_a_store_that_fails_is_asked_again() -> None:
    class Failing(FakeLive):
        async def recent(self, minutes: float) -> Recent:
            if not self.reads:
                self.reads += 1
                raise RuntimeError("gone")
            return await super().recent(minutes)

    query, *_ = make_query()

    async def no_events(_: int) -> None:
        return None

    async def scenario() -> bool:
        hub = Hub(Failing(), query.tunables, no_events)
        hub.fault_seconds = 0.1
        hub.start()
        is_filled = await hub.filled()
        await hub.close()
        return is_filled

    assert asyncio.run(scenario())


def test_a_client_gets_snapshot_and_deltas_and_is_ended_with_its_account() -> None:
    with query_api() as api:
        api.log_in("bob")
        api.live.points = [row(0, 1)]
        with api.client.websocket_connect("/ws/live") as socket:
            first = socket.receive_json()
            api.live.points = [row(0, 2)]
            assert points(first) == {"views": [[NOON, 1, False]]}
            assert points(socket.receive_json()) == {"views": [[NOON, 2, False]]}
        with api.client.websocket_connect(f"/ws/live?after={first['resume']}") as socket:
            again = socket.receive_json()
            assert (again["type"], again["after"]) == ("delta", first["number"])
            del api.accounts["bob"]
            api.query.accounts.refresh()
            api.live.points = [row(0, 3)]
            with pytest.raises(WebSocketDisconnect) as closed:
                socket.receive_json()
            assert closed.value.code == 4401


def test_whoever_listens_stays_while_the_accounts_are_not_known() -> None:
    with query_api() as api:
        api.log_in()
        api.live.points = [row(0, 1)]
        with api.client.websocket_connect("/ws/live") as socket:
            socket.receive_json()
            api.query.accounts._read_at = float("-inf")
            api.live.points = [row(0, 2)]
            assert points(socket.receive_json()) == {"views": [[NOON, 2, False]]}
            with api.client.websocket_connect("/ws/live") as another:
                with pytest.raises(WebSocketDisconnect) as closed:
                    another.receive_json()
                assert closed.value.code == 1013


def test_beyond_the_most_clients_another_one_is_sent_away() -> None:
    with query_api(api_max_live_clients=1) as api:
        api.log_in()
        with api.client.websocket_connect("/ws/live") as first:
            first.receive_json()
            with api.client.websocket_connect("/ws/live") as second:
                with pytest.raises(WebSocketDisconnect) as closed:
                    second.receive_json()
                assert closed.value.code == 1013
