"""Another broker leads: what its transactions leave behind without a record is no sign of a truncated log."""

import os
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from tests.outages import kill_server
from tests.pipeline import Pipeline

STAGES = ("kafka.mirror", "kafka.landing", "kafka.indexer")
SECONDS = 60.0

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(os.environ.get("TEST_SERVERS") == "running", reason="kills servers, which must not be others'"),
]


def transaction(client: dict[str, Any], topic: str, values: list[bytes], committed: bool) -> None:
    """Write `values` to partition 0 in a transaction, which is committed or aborted."""
    producer = Producer({**client, "transactional.id": f"test-{topic}", "log_level": 0})
    producer.init_transactions(SECONDS)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value, partition=0)
    assert producer.flush(SECONDS) == 0
    (producer.commit_transaction if committed else producer.abort_transaction)(SECONDS)


def test_an_aborted_transaction_of_a_new_leader_is_no_truncation(pipeline: Pipeline) -> None:
    source, local = pipeline.source_client("admin", "source_admin_password"), pipeline.local_client("admin")
    transaction(source, pipeline.topic, [b'{"number": %d}' % number for number in range(3)], committed=True)
    for stage in STAGES:
        pipeline.run(stage)
    leader = AdminClient(local).list_topics(pipeline.topic).topics[pipeline.topic].partitions[0].leader
    for server in ("source-kafka", f"kafka-{leader}"):
        kill_server(pipeline.servers, server)
    for client in (source, local):
        transaction(client, pipeline.topic, [b"{}"] * 5, committed=False)
    for stage in STAGES:
        pipeline.run(stage)  # passes the aborted records
        pipeline.run(stage)  # begins behind them
    with pipeline.raw() as raw:
        assert sorted(row["event"]["number"] for row in raw.find()) == [0, 1, 2]
