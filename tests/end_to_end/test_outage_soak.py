"""Promise 3 for longer: `make soak ARGS=outage`. Each server is away for minutes, killed often, behind a bad network.

OUTAGE_SECONDS (how long each fault lasts) and OUTAGE_KILLS (of each server) say how much; plain pytest runs none.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.arrivals import arriving
from tests.events import mixed
from tests.outages import (
    LONGEST_PAUSE_SECONDS,
    OUTAGE_KILLS,
    OUTAGE_SECONDS,
    assert_nothing_lost,
    away,
    following,
    frozen,
    kill_often,
    kill_server,
)
from tests.pipeline import Pipeline, wait_for_line
from tests.source_broker import own_source_broker
from tests.toxiproxy import Proxy, running_toxiproxy
from utilities.local_servers.ephemeral import free_ports
from utilities.local_servers.stack import Stack

PAUSE_SECONDS = 1.0
"""Between portions of events: 100 events/s, so that hours leave no more than the batch ETL loads in minutes."""
LOADED_EVENTS = 5_000
LEAST_ETL_PATIENCE_SECONDS = 90
"""The ETL has an end and gives up; --follow does not."""
MILLISECONDS = 1000

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif("OUTAGE_KILLS" not in os.environ, reason="takes hours: make soak ARGS=outage"),
    pytest.mark.skipif(os.environ.get("TEST_SERVERS") == "running", reason="kills servers, which must not be others'"),
]


@pytest.fixture(scope="module")
def numbers(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """What the soak has done; printed at its end."""
    done: Counter[str] = Counter(outages=0, kills=0, faults=0, events=0)
    begun = time.monotonic()
    yield done
    summary = " ".join(f"{name}={count}" for name, count in done.items())
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        print(f"\noutage soak: {summary} seconds={time.monotonic() - begun:.0f}", flush=True)


def finish(pipeline: Pipeline, numbers: Counter[str], events: int) -> None:
    assert_nothing_lost(pipeline, events)
    numbers["events"] += events


def outlast(pipeline: Pipeline, numbers: Counter[str], outage: AbstractContextManager[None], counted: str) -> None:
    """The stages go on after the outage, and nothing is lost."""
    with arriving(pipeline, PAUSE_SECONDS) as events, following(pipeline) as stages:
        stages.wait_until_all_write()
        with outage:
            numbers[counted] += 1
        stages.assert_all_run("after the outage")
        stages.wait_until_all_write()
    finish(pipeline, numbers, len(events))


@pytest.mark.parametrize(
    "absent",
    [("source-kafka",), ("kafka-1",), ("kafka-2", "kafka-3"), ("mongodb",), ("elasticsearch",)],
    ids=" and ".join,
)
def test_servers_may_be_away_for_minutes(pipeline: Pipeline, numbers: Counter[str], absent: tuple[str, ...]) -> None:
    outlast(pipeline, numbers, away(pipeline.servers, *absent), "outages")


@pytest.mark.parametrize(
    "silent",
    [("source-kafka",), ("kafka-1",), ("kafka-1", "kafka-2", "kafka-3"), ("mongodb",), ("elasticsearch",)],
    ids=" and ".join,
)
def test_servers_may_say_nothing_for_minutes(
    pipeline: Pipeline, numbers: Counter[str], silent: tuple[str, ...]
) -> None:
    outlast(pipeline, numbers, frozen(pipeline.servers, *silent), "faults")


@pytest.mark.parametrize("server", ["source-kafka", "kafka-1", "kafka-2", "kafka-3", "mongodb", "elasticsearch"])
def test_a_server_may_be_killed_many_times(pipeline: Pipeline, numbers: Counter[str], server: str) -> None:
    with arriving(pipeline, PAUSE_SECONDS) as events, following(pipeline) as stages:
        stages.wait_until_all_write()
        kill_often(pipeline.servers, server, seed=1)
        numbers["kills"] += OUTAGE_KILLS
        stages.assert_all_run("after the kills")
        stages.wait_until_all_write()
    finish(pipeline, numbers, len(events))


@pytest.mark.parametrize("server", ["mongodb", "postgres"])
def test_a_server_may_be_away_and_be_killed_during_etl_runs(
    pipeline: Pipeline, numbers: Counter[str], server: str
) -> None:
    rng = random.Random(server)
    for number in range(OUTAGE_KILLS + 1):
        pipeline.produce_events(list(mixed(LOADED_EVENTS, first=number * LOADED_EVENTS)))
        for stage in ("kafka.mirror", "kafka.landing"):
            pipeline.run(stage, MAX_MESSAGES="0")
        patience = str(LEAST_ETL_PATIENCE_SECONDS + OUTAGE_SECONDS)
        etl = pipeline.start("etl", ETL_RANGE_OFFSETS="1000", ETL_OUTAGE_SECONDS=patience)
        wait_for_line(etl, "run started")
        if number == 0:
            with away(pipeline.servers, server):
                assert etl.poll() is None
            numbers["outages"] += 1
        else:
            time.sleep(rng.uniform(0, LONGEST_PAUSE_SECONDS))
            kill_server(pipeline.servers, server)
            numbers["kills"] += 1
        output, _ = etl.communicate()
        assert etl.returncode == 0, output[-4000:]
    finish(pipeline, numbers, LOADED_EVENTS * (OUTAGE_KILLS + 1))


def bad_networks(proxy: Proxy) -> dict[str, Callable[[], AbstractContextManager[None]]]:
    """By name, what a network does to the connections between a stage and its server."""
    return {
        "slow": lambda: proxy.toxic("latency", "downstream", latency=2 * MILLISECONDS, jitter=MILLISECONDS),
        "narrow": lambda: proxy.toxic("bandwidth", "upstream", rate=100),  # kB/s
        "cut at once": lambda: proxy.toxic("reset_peer", "upstream", timeout=0),
        "cut before the answer": lambda: proxy.toxic("reset_peer", "downstream", timeout=0),
        "cut within a request": lambda: proxy.toxic("limit_data", "upstream", bytes=50_000),
        "half-open towards the server": lambda: proxy.toxic("timeout", "upstream", timeout=0),
        "half-open towards the client": lambda: proxy.toxic("timeout", "downstream", timeout=0),
        "down": proxy.down,
    }


@contextmanager
def behind_proxy(servers: Stack, server: str, directory: Path) -> Iterator[tuple[Pipeline, dict[str, str], Proxy]]:
    """A pipeline, the variables that lead its stages to `server` by a proxy, and the proxy."""
    settings = servers.settings
    (port,) = free_ports(1)
    with ExitStack() as stack:
        toxiproxy = stack.enter_context(running_toxiproxy())
        if server == "source-kafka":
            # A broker tells its clients where to connect to, so that it must know of the proxy.
            source = stack.enter_context(own_source_broker(advertised_port=port))
            servers = stack.enter_context(source.as_the_source(servers))
            variable, server_port = "SOURCE_PORT", source.settings.source_port
        elif server == "mongodb":
            variable, server_port = "MONGO_PORT", settings.mongo_port
        else:
            variable, server_port = "ELASTICSEARCH_PORT", settings.elasticsearch_port
        proxy = toxiproxy.create(server, server_port, port)
        name = f"t{os.getpid()}toxic{port}"
        pipeline = stack.enter_context(Pipeline.create(servers, directory, name))
        yield pipeline, {variable: str(port)}, proxy


@pytest.mark.parametrize("server", ["mongodb", "elasticsearch", "source-kafka"])
def test_the_network_to_a_server_may_be_bad(servers: Stack, tmp_path: Path, numbers: Counter[str], server: str) -> None:
    with behind_proxy(servers, server, tmp_path) as (pipeline, environment, proxy):
        with arriving(pipeline, PAUSE_SECONDS) as events, following(pipeline, **environment) as stages:
            for name, fault in bad_networks(proxy).items():
                stages.wait_until_all_write()
                with fault():
                    time.sleep(OUTAGE_SECONDS)
                numbers["faults"] += 1
                stages.assert_all_run(f"after the network was {name}")
            stages.wait_until_all_write()
        finish(pipeline, numbers, len(events))
