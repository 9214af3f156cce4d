"""Promise 3: a broken server is not a bad event. Servers are killed during a run; nothing is lost or dead-lettered.

OUTAGE_SECONDS and OUTAGE_KILLS say how long and how often; test_outage_soak.py does so for longer and with more.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.arrivals import arriving, local_records, wait_for_growth
from tests.events import mixed
from tests.outages import OUTAGE_SECONDS, Following, assert_nothing_lost, away, following, frozen, kill_often
from tests.pipeline import Pipeline, wait_for_line

EVENTS = 30_000
PAUSE_SECONDS = 0.5
"""Between portions of events: a slow machine takes minutes here, and all of their events are loaded in the end."""
AWAY = (("kafka-2", "mongodb", "elasticsearch"), ("source-kafka",))
"""Servers that are away at the same time; Elasticsearch takes longest to return, and is killed only by that."""
BROKERS = ("kafka-1", "kafka-2", "kafka-3")
KILLED = ("source-kafka", "kafka-3", "mongodb")

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(os.environ.get("TEST_SERVERS") == "running", reason="kills servers, which must not be others'"),
]


def test_each_server_may_be_away_and_be_killed_while_events_arrive(pipeline: Pipeline) -> None:
    stack = pipeline.servers
    with arriving(pipeline, PAUSE_SECONDS) as events, following(pipeline) as stages:
        for servers in AWAY:
            stages.wait_until_all_write()
            with away(stack, *servers):
                if "kafka-2" in servers:
                    # Two brokers of three are enough to go on with.
                    wait_for_growth(local_records, pipeline)
            stages.assert_all_run(f"after the outage of {' and '.join(servers)}")
        stages.wait_until_all_write()
        with ThreadPoolExecutor(len(KILLED)) as pool:
            list(pool.map(partial(kill_often, stack), KILLED, range(len(KILLED))))
        stages.assert_all_run("after the kills")
        stages.wait_until_all_write()
    assert_nothing_lost(pipeline, len(events))


def test_brokers_that_take_connections_and_say_nothing_end_no_stage_and_hold_up_no_stop(pipeline: Pipeline) -> None:
    stack = pipeline.servers
    with arriving(pipeline, PAUSE_SECONDS) as events:
        with following(pipeline) as stages:
            stages.wait_until_all_write()
            with frozen(stack, *BROKERS):
                pass
            stages.assert_all_run("after the brokers were silent")
            stages.wait_until_all_write()
        stages = Following(pipeline, {})
        stages.wait_until_all_write()
        with frozen(stack, *BROKERS, seconds=0):
            stages.stop()
    assert_nothing_lost(pipeline, len(events))


def test_mongodb_and_postgresql_may_each_die_and_come_back_during_an_etl_run(pipeline: Pipeline) -> None:
    pipeline.produce_events(list(mixed(EVENTS)))
    for stage in ("kafka.mirror", "kafka.landing"):
        pipeline.run(stage, MAX_MESSAGES="0")
    etl = pipeline.start("etl", ETL_RANGE_OFFSETS="1000")
    wait_for_line(etl, "run started")
    with away(pipeline.servers, "mongodb"):
        assert etl.poll() is None
    was_read = wait_for_line(etl, "phase=read and stage")
    assert float(was_read.rpartition("seconds=")[2]) >= OUTAGE_SECONDS
    with away(pipeline.servers, "postgres"):
        assert etl.poll() is None
    assert pipeline.rows("SELECT status FROM etl.run") == [("running",)]
    output, _ = etl.communicate()
    assert etl.returncode == 0, output[-4000:]
    assert pipeline.rows("SELECT status FROM etl.run") == [("finished",)]
    assert_nothing_lost(pipeline, EVENTS)
