"""A server may be unlike ours and behind a network that cuts, stalls and refuses: each stage goes on after it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from tests.arrivals import arriving, indexed_events, landed_events
from tests.outages import STORED, following
from tests.pipeline import Pipeline
from tests.source_broker import own_source_broker
from tests.tcp_proxy import TcpProxy
from utilities.local_servers.ephemeral import free_ports
from utilities.local_servers.stack import Stack

FAULT_SECONDS = 3.0
"""Longer than a batch takes, shorter than any client waits for an answer."""
LARGEST_RECORD = 20_000

pytestmark = pytest.mark.servers


@contextmanager
def behind_proxies(servers: Stack, directory: Path) -> Iterator[tuple[Pipeline, dict[str, str], list[TcpProxy]]]:
    """A pipeline with a source of its own, and the variables that lead through proxies to the stores."""
    settings = servers.settings
    with ExitStack() as stack:
        (port,) = free_ports(1)
        source = stack.enter_context(own_source_broker(port, **{"message.max.bytes": LARGEST_RECORD}))
        proxies = [
            stack.enter_context(TcpProxy(source.settings.source_port, port)),
            stack.enter_context(TcpProxy(settings.mongo_port)),
            stack.enter_context(TcpProxy(settings.elasticsearch_port)),
        ]
        servers = stack.enter_context(source.as_the_source(servers))
        pipeline = stack.enter_context(Pipeline.create(servers, directory, f"t{os.getpid()}p{port}"))
        yield pipeline, {"MONGO_PORT": str(proxies[1].port), "ELASTICSEARCH_PORT": str(proxies[2].port)}, proxies


def assert_the_source_has_its_own_limit(pipeline: Pipeline) -> None:
    client = pipeline.source_client("admin", "source_admin_password")
    admin = AdminClient(client)
    admin.create_topics([NewTopic("limited", 1, 1)])["limited"].result()
    refused: list[KafkaError | None] = []
    producer = Producer(client)
    producer.produce("limited", b"x" * 2 * LARGEST_RECORD, on_delivery=lambda error, _: refused.append(error))
    producer.flush()
    assert [error and error.code() for error in refused] == [KafkaError.MSG_SIZE_TOO_LARGE]


def test_every_stage_goes_on_after_its_network_was_bad(servers: Stack, tmp_path: Path) -> None:
    faults: dict[str, Callable[[TcpProxy], None]] = {
        "cut": TcpProxy.cut,
        "refusing": TcpProxy.refuse,
        "half-open": TcpProxy.silence,
        "without answers": lambda proxy: proxy.silence("to client"),
        "slow": lambda proxy: proxy.delay(0.5),
    }
    with behind_proxies(servers, tmp_path) as (pipeline, variables, proxies):
        assert_the_source_has_its_own_limit(pipeline)
        with arriving(pipeline) as events, following(pipeline, **variables) as stages:
            for name, fault in faults.items():
                stages.wait_until_all_write()
                for proxy in proxies:
                    fault(proxy)
                time.sleep(FAULT_SECONDS)
                for proxy in proxies:
                    proxy.heal()
                stages.assert_all_run(f"after the network was {name}")
            stages.wait_until_all_write()
        for stage in STORED:
            pipeline.run(stage, MAX_MESSAGES="0")
        assert landed_events(pipeline) == indexed_events(pipeline) == len(events)
