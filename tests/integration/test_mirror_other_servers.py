"""The mirror beside a source unlike its destination: other limits, more partitions, another topic of the name."""

import json
import os
import signal
import subprocess
import time
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from kafka.client import MissingTopicError
from kafka.dead_letters.letter import DeadLetter, read_dead_letters
from kafka.log_reader import read_to_end
from kafka.mirror.offsets import MirrorOffset
from tests.pipeline import Pipeline, eventually

pytestmark = pytest.mark.servers

ANY_TIME = str(2**63 - 1)
DAY_MS = 86_400_000
Records = list[dict[str, Any]]


def source_admin(pipeline: Pipeline) -> AdminClient:
    return AdminClient(pipeline.source_client("admin", "source_admin_password"))


def local_admin(pipeline: Pipeline) -> AdminClient:
    return AdminClient(pipeline.local_client("admin"))


def configure(admin: AdminClient, topic: str, **settings: str) -> None:
    entries = [
        ConfigEntry(name.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET)
        for name, value in settings.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    admin.incremental_alter_configs([resource])[resource].result()


def replace_source(pipeline: Pipeline, partitions: int) -> None:
    """Delete the source topic and make it anew."""
    admin = source_admin(pipeline)
    admin.delete_topics([pipeline.topic])[pipeline.topic].result()
    time.sleep(1)
    admin.create_topics([NewTopic(pipeline.topic, partitions, 1)])[pipeline.topic].result()
    time.sleep(1)


def add_partitions(pipeline: Pipeline, wanted: int) -> None:
    admin = source_admin(pipeline)
    admin.create_partitions([NewPartitions(pipeline.topic, wanted)])[pipeline.topic].result()
    time.sleep(1)


def send(pipeline: Pipeline, records: Records, **properties: object) -> None:
    producer = Producer({**pipeline.source_client("generator", "source_generator_password"), **properties})
    refused = []
    for record in records:
        producer.produce(
            pipeline.topic, **{"partition": 0, **record}, on_delivery=lambda error, _: refused.append(error)
        )
    assert producer.flush(30) == 0
    assert not any(refused)


def values(pipeline: Pipeline) -> list[bytes | None]:
    """Every committed value of the pipeline's topic, by partition and offset; none where there is no topic."""
    try:
        messages = list(read_to_end(pipeline.local_client("operator"), pipeline.topic))
    except MissingTopicError:
        return []
    return [m.value() for m in sorted(messages, key=lambda m: (m.partition() or 0, m.offset() or 0))]


def letters(pipeline: Pipeline) -> list[DeadLetter]:
    topic = pipeline.environment["DEAD_LETTER_TOPIC"]
    return list(read_dead_letters(pipeline.local_client("operator"), topic))


def reached(pipeline: Pipeline, partition: int = 0) -> MirrorOffset:
    """What the offsets topic says of a partition."""
    found = {}
    for message in read_to_end(pipeline.local_client("operator"), "millrace.mirror-offsets"):
        key = json.loads(message.key() or b"{}")
        if key["source_topic"] == pipeline.topic and key["partition"] == partition:
            found[0] = MirrorOffset.read(message.value() or b"{}")
    return found[0]


def stop(process: subprocess.Popen[str]) -> str:
    process.terminate()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return output


def numbered(first: int, after: int) -> Records:
    return [{"value": b"%d" % number} for number in range(first, after)]


def test_a_record_ahead_of_time_is_mirrored_from_a_source_that_took_it(pipeline: Pipeline) -> None:
    configure(source_admin(pipeline), pipeline.topic, message_timestamp_after_max_ms=ANY_TIME)
    ahead = int(time.time() * 1000) + 2 * DAY_MS
    send(pipeline, [{"value": b"1"}, {"value": b"2", "timestamp": ahead}, {"value": b"3"}])
    pipeline.run("kafka.mirror")
    assert values(pipeline) == [b"1", b"2", b"3"]


def test_a_record_that_zstd_made_fit_at_the_source_fits_here(pipeline: Pipeline) -> None:
    configure(source_admin(pipeline), pipeline.topic, max_message_bytes="1048588")
    large = os.urandom(900_000).hex().encode()
    zstd = {"compression.type": "zstd", "message.max.bytes": 4_000_000}
    send(pipeline, [{"value": b"1"}, {"value": large}, {"value": b"3"}], **zstd)
    pipeline.run("kafka.mirror")
    assert values(pipeline) == [b"1", large, b"3"]


def test_an_existing_topic_is_set_to_accept_what_the_source_accepts(pipeline: Pipeline) -> None:
    narrow = {"max.message.bytes": "1000", "message.timestamp.after.max.ms": "3600000"}
    admin = local_admin(pipeline)
    admin.create_topics([NewTopic(pipeline.topic, 3, 3, config=narrow)])[pipeline.topic].result()
    configure(source_admin(pipeline), pipeline.topic, message_timestamp_after_max_ms=ANY_TIME)
    ahead = int(time.time() * 1000) + 2 * DAY_MS
    send(pipeline, [{"value": os.urandom(5000)}, {"value": b"2", "timestamp": ahead}])
    pipeline.run("kafka.mirror")
    assert len(values(pipeline)) == 2


def test_only_what_the_destination_refuses_is_dead_lettered(pipeline: Pipeline) -> None:
    send(pipeline, numbered(0, 1))
    process = pipeline.start("kafka.mirror", "--follow")
    eventually(lambda: values(pipeline) == [b"0"])
    # Set while the mirror runs: at its start it would set the topic right.
    configure(local_admin(pipeline), pipeline.topic, message_timestamp_after_max_ms="3600000")
    configure(source_admin(pipeline), pipeline.topic, message_timestamp_after_max_ms=ANY_TIME)
    time.sleep(1)
    ahead = int(time.time() * 1000) + 2 * DAY_MS
    bad: dict[int, dict[str, Any]] = {number: {"timestamp": ahead} for number in (40, 41)}
    bad[170] = {"timestamp": ahead, "headers": [("a", b"1")]}
    send(pipeline, [{"value": b"%d" % number, "key": b"k", **bad.get(number, {})} for number in range(1, 300)])
    eventually(lambda: len(values(pipeline)) == 297)
    stop(process)
    assert values(pipeline) == [b"%d" % number for number in range(300) if number not in bad]
    dead = sorted(letters(pipeline), key=lambda letter: letter.position)
    assert [(letter.position.offset, letter.value, letter.key) for letter in dead] == [
        (number, b"%d" % number, b"k") for number in bad
    ]
    assert {(letter.stage, letter.reason, letter.status, letter.timestamp_ms) for letter in dead} == {
        ("mirror", "refused_by_destination", "pending", ahead)
    }
    assert dead[2].headers == [("a", b"1")]
    assert (reached(pipeline).records, reached(pipeline).dead) == (297, 3)


def test_a_dead_letter_larger_than_its_topic_takes_raises_the_limit(pipeline: Pipeline) -> None:
    send(pipeline, numbered(0, 1))
    process = pipeline.start("kafka.mirror", "--follow")
    eventually(lambda: values(pipeline) == [b"0"])
    configure(local_admin(pipeline), pipeline.topic, max_message_bytes="2000")
    configure(local_admin(pipeline), pipeline.environment["DEAD_LETTER_TOPIC"], max_message_bytes="2000")
    time.sleep(1)
    large = os.urandom(50_000)
    send(pipeline, [{"value": large}, {"value": b"2"}])
    eventually(lambda: values(pipeline) == [b"0", b"2"])
    stop(process)
    assert [letter.value for letter in letters(pipeline)] == [large]


def test_times_that_say_nothing_pass(pipeline: Pipeline) -> None:
    send(pipeline, [{"value": b"1", "timestamp": -1}, {"value": b"2", "timestamp": -5}, {"value": b"3"}])
    pipeline.run("kafka.mirror")
    messages = list(read_to_end(pipeline.local_client("operator"), pipeline.topic))
    source = list(read_to_end(pipeline.source_client("mirror", "source_password"), pipeline.topic))
    assert [(m.value(), m.timestamp()) for m in messages] == [(m.value(), m.timestamp()) for m in source]
    assert len(messages) == 3


def test_records_of_a_new_partition_are_mirrored_while_the_mirror_follows(pipeline: Pipeline) -> None:
    send(pipeline, numbered(0, 5))
    process = pipeline.start("kafka.mirror", "--follow")
    eventually(lambda: len(values(pipeline)) == 5)
    add_partitions(pipeline, 5)
    send(pipeline, [{"value": b"5", "partition": 3}, {"value": b"6", "partition": 4}, {"value": b"7"}])
    eventually(lambda: len(values(pipeline)) == 8)
    stop(process)
    placed = {m.value(): m.partition() for m in read_to_end(pipeline.local_client("operator"), pipeline.topic)}
    assert (placed[b"5"], placed[b"6"], placed[b"7"]) == (3, 4, 0)
    add_partitions(pipeline, 6)
    send(pipeline, [{"value": b"8", "partition": 5}])
    pipeline.run("kafka.mirror")
    assert len(values(pipeline)) == 9


@pytest.mark.parametrize("meanwhile", ["running", "stopped", "ended"])
def test_a_source_made_anew_is_mirrored_once_and_the_loss_told(pipeline: Pipeline, meanwhile: str) -> None:
    replace_source(pipeline, 1)
    send(pipeline, numbered(0, 5))
    process = pipeline.start("kafka.mirror", "--follow")
    eventually(lambda: len(values(pipeline)) == 5)
    if meanwhile == "stopped":
        os.kill(process.pid, signal.SIGSTOP)
    if meanwhile == "ended":
        stop(process)
    replace_source(pipeline, 1)
    send(pipeline, numbered(5, 13))
    if meanwhile == "stopped":
        os.kill(process.pid, signal.SIGCONT)
    if meanwhile == "ended":
        process = pipeline.start("kafka.mirror", "--follow")
    eventually(lambda: len(values(pipeline)) >= 13)
    time.sleep(6)
    assert "the source topic was made anew" in stop(process)
    pipeline.run("kafka.mirror")
    assert values(pipeline) == [b"%d" % number for number in range(13)]
    assert (reached(pipeline).records, reached(pipeline).earlier) == (13, 5)


@pytest.mark.parametrize("is_running", [False, True])
def test_a_destination_made_anew_stops_the_mirror_with_one_line(pipeline: Pipeline, is_running: bool) -> None:
    send(pipeline, numbered(0, 5))
    process = pipeline.start("kafka.mirror", "--follow")
    eventually(lambda: len(values(pipeline)) == 5)
    if not is_running:
        stop(process)
    admin = local_admin(pipeline)
    admin.delete_topics([pipeline.topic])[pipeline.topic].result()
    if not is_running:
        assert "was deleted" in pipeline.attempt("kafka.mirror").stderr
    time.sleep(1)
    admin.create_topics([NewTopic(pipeline.topic, 3, 3)])[pipeline.topic].result()
    if is_running:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 1
    else:
        output = pipeline.attempt("kafka.mirror").stderr
    assert "new-generation" in output.splitlines()[-1]
    assert "Traceback" not in output
    assert values(pipeline) == []


def test_skipped_offsets_are_told_and_counted(pipeline: Pipeline) -> None:
    send(pipeline, numbered(0, 5))
    pipeline.run("kafka.mirror")
    send(pipeline, numbered(5, 12))
    admin, first = source_admin(pipeline), TopicPartition(pipeline.topic, 0, 8)
    admin.delete_records([first])[first].result()
    refused = pipeline.attempt("kafka.mirror")
    assert refused.returncode == 1
    assert "offsets 5 to 7 have expired" in refused.stderr
    told = pipeline.attempt("kafka.mirror", "--skip-lost").stderr
    assert "missing=3" in told
    assert values(pipeline) == [b"%d" % number for number in (*range(5), *range(8, 12))]
    assert reached(pipeline).skipped == 3


def test_of_two_mirrors_the_later_wins_and_the_first_leaves_with_one_line(pipeline: Pipeline) -> None:
    send(pipeline, numbered(0, 5))
    first = pipeline.start("kafka.mirror", "--follow")
    eventually(lambda: len(values(pipeline)) == 5)
    second = pipeline.start("kafka.mirror", "--follow")
    time.sleep(5)
    send(pipeline, numbered(5, 10))
    output, _ = first.communicate(timeout=60)
    assert first.returncode == 1
    assert "another mirror took over" in output.splitlines()[-1]
    assert "Traceback" not in output
    send(pipeline, numbered(10, 12))
    eventually(lambda: len(values(pipeline)) >= 12)
    stop(second)
    assert values(pipeline) == [b"%d" % number for number in range(12)]


def test_fenced_by_nobody_who_took_over_the_mirror_goes_on(pipeline: Pipeline) -> None:
    send(pipeline, numbered(0, 5))
    process = pipeline.start("kafka.mirror", "--follow")
    eventually(lambda: len(values(pipeline)) == 5)
    source = Consumer({**pipeline.source_client("mirror", "source_password"), "group.id": "none"})
    cluster = source.cluster_id(10)
    source.close()
    # As the coordinator does with a transaction that is out of time: the producer's epoch rises, and nothing else.
    name = f"millrace-mirror-{cluster}-{pipeline.topic}-{pipeline.topic}-0"
    Producer({**pipeline.local_client("admin"), "transactional.id": name}).init_transactions(30)
    send(pipeline, numbered(5, 10))
    eventually(lambda: len(values(pipeline)) == 10)
    stop(process)
    assert values(pipeline) == [b"%d" % number for number in range(10)]
