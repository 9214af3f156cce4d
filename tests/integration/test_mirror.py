"""The mirror on real brokers: what it preserves, where it stops, and what it says when it cannot."""

import os
import pty
import signal
import subprocess
import time
from typing import Any

import pytest
from confluent_kafka import Message, Producer

from config.settings import PROJECT_ROOT
from kafka.log_reader import read_to_end
from tests.events import view, views
from tests.pipeline import Pipeline
from utilities.local_servers.ephemeral import free_ports

pytestmark = pytest.mark.servers


def read(pipeline: Pipeline, client: dict[str, Any]) -> list[Message]:
    """Every committed record of the pipeline's topic, by partition and offset."""
    messages = list(read_to_end(client, pipeline.topic))
    return sorted(messages, key=lambda message: (message.partition() or 0, message.offset() or 0))


def described(message: Message) -> tuple[object, ...]:
    return (message.partition(), message.key(), message.value(), message.timestamp(), message.headers())


def read_terminal(controller: int) -> str:
    """All that a process wrote to its pseudo-terminal, until it ended."""
    shown = bytearray()
    while True:
        try:
            shown += os.read(controller, 65_536)
        except OSError:  # EIO: nobody has the other end open any more
            os.close(controller)
            return shown.decode()


def test_bytes_key_headers_timestamp_and_partition_are_preserved(pipeline: Pipeline) -> None:
    producer = Producer(pipeline.source_client("generator", "source_generator_password"))
    cases: list[dict[str, Any]] = [
        {"value": b"not json \xff\x00", "key": b"k", "partition": 2, "timestamp": 1_500_000_000_123},
        {"value": None, "key": b"tombstone", "partition": 0},
        {"value": b"", "key": None, "partition": 1, "headers": [("a", b"1"), ("a", None), ("b", b"\xff")]},
        {"value": "é".encode(), "key": b"", "partition": 2, "headers": [("", b"")]},
    ]
    for case in cases:
        producer.produce(pipeline.topic, **case)
    producer.flush(20)
    pipeline.run("kafka.mirror")
    mirrored = [described(message) for message in read(pipeline, pipeline.local_client("operator"))]
    source = [described(message) for message in read(pipeline, pipeline.source_client("mirror", "source_password"))]
    assert len(source) == len(cases)
    assert mirrored == source


def test_a_run_takes_at_most_max_messages_and_the_next_goes_on_behind_them(pipeline: Pipeline) -> None:
    pipeline.produce_events(views(50))
    pipeline.run("kafka.mirror", MAX_MESSAGES="20")
    assert len(read(pipeline, pipeline.local_client("operator"))) == 20
    pipeline.run("kafka.mirror")
    pipeline.run("kafka.mirror")
    mirrored = [described(message) for message in read(pipeline, pipeline.local_client("operator"))]
    source = [described(message) for message in read(pipeline, pipeline.source_client("mirror", "source_password"))]
    assert mirrored == source


def test_the_number_of_workers_may_change_between_runs(pipeline: Pipeline) -> None:
    for workers, first in (("1", 0), ("5", 100), ("2", 200)):
        pipeline.produce_events(views(100, first))
        pipeline.run("kafka.mirror", MAX_WORKERS=workers)
    assert len(read(pipeline, pipeline.local_client("operator"))) == 300


def test_follow_keeps_running_and_ends_cleanly_on_sigterm(pipeline: Pipeline) -> None:
    pipeline.produce_events(views(10))
    process = pipeline.start("kafka.mirror", "--follow")
    time.sleep(6)
    assert process.poll() is None
    pipeline.produce_events([view(1000)])
    time.sleep(3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert len(read(pipeline, pipeline.local_client("operator"))) == 11


def test_a_terminal_sees_a_bar_that_ends_full(pipeline: Pipeline) -> None:
    pipeline.produce_events(views(50))
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        pipeline.command("kafka.mirror"),
        cwd=PROJECT_ROOT,
        env={**pipeline.environment, "TERM": "xterm", "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
        text=True,
    )
    pipeline.processes.append(process)
    os.close(terminal)
    shown = read_terminal(controller)
    assert process.wait() == 0, shown
    assert "50/50" in shown
    assert "lag 0" in shown


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SOURCE_PASSWORD": "wrong"}, "check SOURCE_PASSWORD of user mirror"),
        ({"KAFKA_MIRROR_PASSWORD": "wrong"}, "check KAFKA_MIRROR_PASSWORD of user mirror"),
        (
            {"SOURCE_TOPIC": "no-such-topic"},
            "reading topic no-such-topic at {source} as mirror failed: the topic does not",
        ),
        ({"SOURCE_BROKERS": "127.0.0.1:{closed}", "MIRROR_PATIENCE_SECONDS": "3"}, "no answer"),
        ({"DESTINATION_BROKERS": "127.0.0.1:{closed}", "MIRROR_PATIENCE_SECONDS": "3"}, "no answer"),
        ({"KAFKA_MIRROR_USERNAME": "landing", "KAFKA_MIRROR_PASSWORD": "{landing}"}, "permission"),
        ({"MAX_WORKERS": "many"}, "MAX_WORKERS: "),
    ],
)
def test_what_the_mirror_cannot_do_is_one_clear_line(
    pipeline: Pipeline, environment: dict[str, str], expected: str
) -> None:
    pipeline.produce_events([view(1)])
    known = {
        "source": f"127.0.0.1:{pipeline.servers.settings.source_port}",
        "closed": str(free_ports(1)[0]),
        "landing": pipeline.servers.secrets.reveal("kafka_landing_password"),
    }
    result = pipeline.attempt("kafka.mirror", **{name: value.format(**known) for name, value in environment.items()})
    assert result.returncode == 1, result.stderr
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("mirror: ")
    assert expected.format(**known) in last
    assert "Traceback" not in result.stderr
