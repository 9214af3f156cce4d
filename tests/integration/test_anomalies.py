"""What is unusual of the live windows is found once, whatever happens to whoever judges, and people are told."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
import pytest
from elasticsearch import Elasticsearch

from anomalies.delivery import INDEX
from anomalies.desk import Desk, Watched
from anomalies.quantity import Values
from anomalies.store import AnomalyStore
from anomalies.watched import Series
from config.errors import UnderWayError
from tests.empty_database import Database
from tests.live_batches import stream_login
from tests.live_series import add_rows, stand_in
from tests.pipeline import Pipeline
from tests.webhook import webhook

pytestmark = pytest.mark.servers

WINDOW = 300
DAY = 86_400 // WINDOW
DAYS = 9
EVENTS = Series("product_views", "events")
STORE = Series("product_views", "views", "store", "11")
HEAT = Series("sensor-readings", "temperature_mean", "device", "sensor-01")
FOUND = """
SELECT feed, metric, kind, started_at, last_window, ended_at, windows, value, expected, lower, upper, score, explanation
FROM live.anomaly ORDER BY feed, metric, kind, started_at
"""
SILENT_AFTER = 8 * DAY + 200
HOUR = 3600 // WINDOW
BEGINS = int(time.time()) // WINDOW // HOUR * HOUR - DAYS * DAY - 50 // HOUR * HOUR
"""So that what is found is news, also what closes late."""
_HOURS = BEGINS % DAY // HOUR
ZONE = ZoneInfo(f"Etc/GMT+{_HOURS}" if _HOURS <= DAY // HOUR // 2 else f"Etc/GMT-{DAY // HOUR - _HOURS}")
"""Where it begins at midnight: the same noise on other hours would be other traffic, and once a week something odd."""


def traffic(mean: float, seed: int) -> Values:
    """Nine days of windows, calmer than people are: chance alone is unusual on no day of the week."""
    curve = mean * (1 - 0.6 * np.cos(2 * np.pi * np.arange(DAYS * DAY) / DAY))
    return np.random.default_rng(seed).binomial((curve / 0.75).astype(int), 0.75).astype(float)


def shop() -> dict[Series, Values]:
    """Nine days, and within the last day: a silence, a spike of one store, a sensor in the sun."""
    events, views, heat = traffic(80, 1), traffic(40, 2), 20 + np.random.default_rng(3).normal(0, 0.2, DAYS * DAY)
    events[SILENT_AFTER : SILENT_AFTER + 12] = np.nan
    views[8 * DAY + 150 : 8 * DAY + 155] *= 6
    heat[8 * DAY + 100 : 8 * DAY + 130] += 9
    return {EVENTS: events, STORE: views, HEAT: heat}


@contextmanager
def killed_before_the_end(connection: psycopg.Connection) -> Iterator[None]:
    """As SIGKILL between the last statement and the commit."""
    yield
    connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@dataclass(frozen=True)
class Judge:
    """Judges in this process."""

    warehouse: Database

    def run(self, end: int, kills: bool = False) -> None:
        """Until nothing is left, at the time when window `end` begins; with `kills` all is done again after a kill."""
        desk = Desk(ZONE, 500, 300, lambda: float((BEGINS + end) * WINDOW))
        with AnomalyStore(stream_login(self.warehouse, 10.0)) as store:
            is_more = True
            while is_more:
                is_to_die = kills

                def work(connection: psycopg.Connection) -> tuple[list[int], bool]:
                    nonlocal is_to_die
                    result = desk.judge(connection)
                    if is_to_die:
                        is_to_die = False
                        with killed_before_the_end(connection):
                            pass
                    return result

                is_more = store.transaction(work)[1]


def test_each_is_found_once_over_kills_and_restarts_and_people_are_told(pipeline: Pipeline) -> None:
    warehouse = Database(pipeline.servers, pipeline.environment["POSTGRES_DB"])
    values = shop()
    with warehouse.connect() as owner:
        stand_in(owner, WINDOW)
        for series, each in values.items():
            add_rows(owner, series, BEGINS, each[: 8 * DAY + 110], WINDOW)
        Judge(warehouse).run(8 * DAY + 110, kills=True)
        assert [row[2] for row in owner.execute(FOUND)] == ["level", "rate"]
        # What closed since, in pieces: another judge goes on with each.
        for begin, end in ((110, 152), (152, 207), (207, DAY)):
            for series, each in values.items():
                add_rows(owner, series, BEGINS + 8 * DAY + begin, each[8 * DAY + begin : 8 * DAY + end], WINDOW)
            Judge(warehouse).run(8 * DAY + end, kills=True)
        found = owner.execute(FOUND).fetchall()
        assert [row[2] for row in found] == ["silence", "spike", "level", "rate", "rate"]
        owner.execute("TRUNCATE live.anomaly, live.anomaly_position, live.anomaly_delivery")
        Judge(warehouse).run(DAYS * DAY)
        assert owner.execute(FOUND).fetchall() == found
        with AnomalyStore(stream_login(warehouse)), pytest.raises(UnderWayError), AnomalyStore(stream_login(warehouse)):
            pass
        what_comes_late_ends_a_silence(warehouse, owner)
        people_are_told(pipeline, owner)
        whoever_reads(warehouse)


def what_comes_late_ends_a_silence(warehouse: Database, owner: psycopg.Connection) -> None:
    """By the clock a feed is silent; its windows close after all, and it was the stream that stood."""
    end = DAYS * DAY
    silences = "SELECT ended_at IS NULL, windows FROM live.anomaly WHERE kind = 'silence' ORDER BY started_at"
    for _ in range(2):
        Judge(warehouse).run(end + 20)
    assert owner.execute(silences).fetchall()[1:] == [(True, 19)]
    Judge(warehouse).run(end + 22)
    assert owner.execute(silences).fetchall()[1:] == [(True, 21)]
    add_rows(owner, EVENTS, BEGINS + end, np.full(40, traffic(80, 1)[:40].mean()), WINDOW)
    Judge(warehouse).run(end + 40)
    assert owner.execute(silences).fetchall()[1:] == [(False, 1)]


def people_are_told(pipeline: Pipeline, owner: psycopg.Connection) -> None:
    """The webhook once; Elasticsearch when it is there again; what people say reaches it, and stays."""
    with webhook() as received:
        for _ in range(2):
            pipeline.run("utilities.anomalies", ALERT_WEBHOOK_URL=received.url, ELASTICSEARCH_PORT="1")
        (told,) = received.documents
    listed = [json.loads(line) for line in pipeline.run("utilities.anomalies", "list", "--json").splitlines()]
    by_kind = {each["kind"]: each["anomaly_id"] for each in listed}
    assert {each["anomaly_id"] for each in told["anomalies"]} == {each["anomaly_id"] for each in listed}
    assert "nothing came of events of product_views" in told["text"]
    pipeline.run("utilities.anomalies", "confirm", str(by_kind["silence"]), "--by", "ann")
    pipeline.run("utilities.anomalies", "dismiss", str(by_kind["spike"]), "--by", "ben")
    for _ in range(2):
        pipeline.run("utilities.anomalies")
    documents = indexed(pipeline)
    ours = {number: documents[str(number)] for number in by_kind.values()}
    assert ours[by_kind["silence"]]["state"] == "confirmed" and ours[by_kind["spike"]]["state_by"] == "ben"
    assert len(owner.execute(FOUND).fetchall()) == len(listed) == len(documents)
    refused = pipeline.attempt("utilities.anomalies", "dismiss", "999999")
    assert refused.returncode == 1 and "there is no incident 999999" in refused.stderr


def indexed(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    """What the index has, and has no more afterwards: another test's numbers may be the same."""
    port, password = (
        pipeline.servers.settings.elasticsearch_port,
        pipeline.servers.secrets.reveal("elasticsearch_elastic_password"),
    )
    with Elasticsearch(f"http://127.0.0.1:{port}", basic_auth=("elastic", password)) as client:
        client.indices.refresh(index=INDEX)
        hits = client.search(index=INDEX, size=100)["hits"]["hits"]
        client.indices.delete(index=INDEX)
    return {hit["_id"]: hit["_source"] for hit in hits}


def whoever_reads(warehouse: Database) -> None:
    """Analysts read; the API writes down what people say, and nothing else."""
    with warehouse.connect("bi_reader") as analyst, warehouse.connect("serving_query") as api:
        assert analyst.execute("SELECT count(*) > 0 FROM live.anomaly").fetchone() == (True,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            analyst.execute("UPDATE live.anomaly SET state = 'open'")
        api.execute(
            "UPDATE live.anomaly SET state = 'confirmed', state_by = 'op', state_at = now() WHERE kind = 'rate'"
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            api.execute("UPDATE live.anomaly SET value = 0")


def judged(warehouse: Database, desk: Desk) -> list[Any]:
    """One start, or the next round of one that follows; then the incidents."""
    with AnomalyStore(stream_login(warehouse)) as store:
        while store.transaction(desk.judge)[1]:
            pass
    with warehouse.connect() as owner:
        told = "SELECT feed, metric, kind, windows, ended_at IS NULL FROM live.anomaly ORDER BY started_at"
        return list(owner.execute(told).fetchall())


def test_a_series_that_cannot_be_judged_stops_no_other(
    warehouse: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    values = traffic(80, 1)
    values[8 * DAY + 150 : 8 * DAY + 155] *= 6
    own = Desk._told

    def broken(self: Desk, connection: psycopg.Connection, watched: Watched, *more: Any) -> Any:
        if watched.series == STORE:
            connection.execute("SELECT 1 / 0")
        return own(self, connection, watched, *more)

    monkeypatch.setattr(Desk, "_told", broken)
    with warehouse.connect() as owner:
        stand_in(owner, WINDOW)
        for series in (STORE, EVENTS):
            add_rows(owner, series, BEGINS, values, WINDOW)
        desk = Desk(ZONE, 500, 300, lambda: float((BEGINS + DAYS * DAY) * WINDOW))
        assert [row[1:3] for row in judged(warehouse, desk)] == [("events", "spike")]
    assert "views of product_views (store 11)" in caplog.text


def test_an_event_of_weeks_ago_makes_no_feed_old_nor_does_one_that_was_late(warehouse: Database) -> None:
    late, series = Series("click-events", "late_events"), Series("click-events", "clicks")
    values = traffic(80, 1)[: 2 * DAY]
    values[-20:] *= 6
    with warehouse.connect() as owner:
        stand_in(owner, WINDOW)
        add_rows(owner, series, BEGINS, values, WINDOW)
        for each, first in ((late, BEGINS - 20 * DAY), (series, BEGINS - 12 * DAY)):
            add_rows(owner, each, first, np.ones(1), WINDOW)
        desk = Desk(ZONE, 500, 300, lambda: float((BEGINS + 2 * DAY) * WINDOW))
        assert judged(warehouse, desk) == []


def test_verdicts_are_judged_by_the_minute_however_long_a_window_is(warehouse: Database) -> None:
    """By the hour, of whose minutes the last would count, ten bad minutes would be none."""
    hours, invalid = 8 * 24, Series("click-events", "invalid")
    values = np.random.default_rng(1).poisson(5, hours * 60).astype(float)
    values[-45:-35] = 300
    with warehouse.connect() as owner:
        stand_in(owner, 3600)
        begins = BEGINS * WINDOW // 3600
        add_rows(owner, invalid, begins * 60, values, 60)
        desk = Desk(ZONE, 500, 300, lambda: float((begins + hours) * 3600))
        ((feed, metric, kind, windows, _),) = judged(warehouse, desk)
    assert (feed, metric, kind) == ("click-events", "invalid", "spike") and 10 <= windows < 25


def test_a_feed_days_behind_is_followed_and_a_silence_of_more_than_a_day_is_told(warehouse: Database) -> None:
    throughput = Series("pipeline", "throughput")
    values, now = traffic(80, 1), BEGINS + DAYS * DAY
    begin, end = 8 * DAY, 8 * DAY + 60
    values[begin + 30 : begin + 35] *= 6
    # The stream counts a backlog of three days.
    days = 3 * DAY
    with warehouse.connect() as owner:
        stand_in(owner, WINDOW)
        add_rows(owner, EVENTS, BEGINS - days, values[:begin], WINDOW)
        add_rows(owner, throughput, now * 5, np.ones(3), 60)
        desk = Desk(ZONE, 500, 300, lambda: float(now * WINDOW))
        silence, spike = ("product_views", "events", "silence"), ("product_views", "events", "spike")
        ((*what, windows, goes_on),) = judged(warehouse, desk)
        assert tuple(what) == silence and windows >= 24 * 12 - 20 and goes_on
        add_rows(owner, EVENTS, BEGINS - days + begin, values[begin:end], WINDOW)
        assert [row[:3] for row in judged(warehouse, desk)] == [silence, spike]
        # Nothing has closed since: it is silent.
        assert [row[4] for row in judged(warehouse, desk) if row[:3] == silence] == [False, True]
