"""What the API has acknowledged is on the bus, whoever is killed, and counts once; what it has refused is kept."""

import itertools
import json
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from kafka.dead_letters.letter import read_dead_letters
from kafka.log_reader import read_to_end
from serving.failed_events import partition_of
from tests.events import view, views
from tests.outages import kill_server
from tests.pipeline import PARTITIONS, Pipeline, eventually
from tests.running_api import RunningApi, free_port

pytestmark = pytest.mark.servers

READING = {"device_id": "s-1", "temperature": 20.5, "humidity": 40, "timestamp": "2026-01-03T10:15:00Z"}


@pytest.fixture
def api(pipeline: Pipeline, tmp_path: Path) -> RunningApi:
    """The API of a pipeline whose mirror has made the main topic, with ten events."""
    pipeline.produce_events(views(10))
    pipeline.run("kafka.mirror")
    return RunningApi(pipeline, tmp_path / "feeds")


def test_posted_events_count_once_beside_the_mirrored_ones_and_refused_ones_can_be_replayed(api: RunningApi) -> None:
    pipeline = api.pipeline
    posted, broken = views(40, first=5), {**view(99), "time_stamp": "yesterday"}
    first = api.post("product_views", posted)
    assert (first.status_code, first.json()["accepted"]) == (202, 40), first.text
    # Nobody knows what became of it, and sends it again: tomorrow, too.
    again = api.post("product_views", [*posted[:20], broken])
    assert (again.status_code, again.json()["accepted"], again.json()["refused"]) == (207, 20, 1)
    (letter,) = read_dead_letters(pipeline.local_client("operator"), pipeline.environment["DEAD_LETTER_TOPIC"])
    assert (letter.stage, letter.status, letter.position.topic) == ("api", "pending", pipeline.topic)
    assert letter.key == broken["device_id"].encode()
    pipeline.run_all()
    totals = pipeline.reconcile()["totals"]
    assert (totals["mirrored"], totals["posted"], totals["replayed"]) == (10, 60, 0)
    assert (totals["landed"], totals["loaded"], totals["duplicates"]) == (70, 45, 25)

    pipeline.run("kafka.replay_dead_letters", "--stage", "api")
    pipeline.run("kafka.replay_dead_letters", "--stage", "api")
    pipeline.run_all()
    totals = pipeline.reconcile()["totals"]
    assert (totals["posted"], totals["replayed"], totals["landed"], totals["rejected"]) == (60, 1, 71, 1)
    way = pipeline.run("utilities.trace", str(posted[30]["id"]))
    assert "posted to the API with key" in way


def test_what_was_posted_before_the_first_record_was_mirrored_is_not_taken_for_a_lost_mirror(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    admin = AdminClient(pipeline.local_client("admin"))
    admin.create_topics([NewTopic(pipeline.topic, PARTITIONS, 3)])[pipeline.topic].result()
    api = RunningApi(pipeline, tmp_path / "feeds")
    assert api.post("product_views", views(30)).status_code == 202
    pipeline.produce_events(views(12, first=30))
    pipeline.run_all()
    totals = pipeline.reconcile()["totals"]
    assert (totals["mirrored"], totals["posted"], totals["loaded"]) == (12, 30, 42)


def test_a_record_goes_to_the_partition_of_its_key_and_so_would_its_letter(api: RunningApi) -> None:
    readings = [{**READING, "device_id": f"s-{number}"} for number in range(50)]
    answer = api.post("sensor-readings", readings)
    places = [event["partition"] for event in answer.json()["events"]]
    assert places == [partition_of(str(reading["device_id"]).encode(), PARTITIONS) for reading in readings]


class Sender(threading.Thread):
    """Posts numbered readings in lists of ten, each again until it is acknowledged; then the next."""

    def __init__(self, api: RunningApi, name: str) -> None:
        super().__init__(daemon=True)
        self._api, self._name, self.stopping = api, name, threading.Event()
        self.acknowledged: dict[tuple[str, int, int], str] = {}
        self.sent = self.refused = 0

    def run(self) -> None:
        for number in itertools.count():
            if self.stopping.is_set():
                return
            ids = [f"{self._name}-{number}-{each}" for each in range(10)]
            self._until_acknowledged([{**READING, "device_id": device} for device in ids], ids)
            self.sent += 10

    def _until_acknowledged(self, events: list[dict[str, Any]], ids: list[str]) -> None:
        while True:
            try:
                answer = self._api.post("sensor-readings", events)
            except httpx2.TransportError:
                time.sleep(0.1)
                continue
            for device, event in zip(ids, answer.json().get("events", []), strict=False):
                if "offset" in event:
                    self.acknowledged[event["topic"], event["partition"], event["offset"]] = device
            if answer.status_code == 202:
                return
            assert answer.status_code == 503, answer.text
            self.refused += 1
            time.sleep(0.2)


def test_nothing_acknowledged_is_lost_when_a_broker_and_the_api_itself_are_killed(api: RunningApi) -> None:
    pipeline = api.pipeline
    senders = [Sender(api, f"sender-{number}") for number in range(4)]
    for sender in senders:
        sender.start()

    def go_on() -> None:
        reached = [sender.sent for sender in senders]
        eventually(lambda: all(sender.sent > before + 20 for sender, before in zip(senders, reached, strict=True)))

    go_on()
    for broker in ("kafka-2", "kafka-1"):
        kill_server(pipeline.servers, broker)
        go_on()
        api.kill()
        api.start()
        go_on()
    for sender in senders:
        sender.stopping.set()
    for sender in senders:
        sender.join(120)
    records = {
        (record.topic(), record.partition(), record.offset()): (record.key() or b"").decode()
        for record in read_to_end(pipeline.local_client("operator"), api.sensors)
    }
    for sender in senders:
        assert len(set(sender.acknowledged.values())) == sender.sent
        assert {place: records.get(place) for place in sender.acknowledged} == sender.acknowledged


def test_a_revoked_key_is_refused_within_seconds_and_others_go_on(api: RunningApi) -> None:
    other = api.new_key("--feed", "sensor-readings")
    eventually(lambda: api.post("sensor-readings", READING, other).status_code == 202, 30)
    assert api.post("product_views", view(1), other).status_code == 403
    listed = api.pipeline.run("utilities.api_keys", "list", "--json")
    assert other.split("_")[1] in listed and other.split("_")[2] not in listed
    api.pipeline.run("utilities.api_keys", "revoke", other)
    eventually(lambda: api.post("sensor-readings", READING, other).status_code == 401, 30)
    assert api.post("sensor-readings", READING).status_code == 202


def test_sigterm_ends_it_when_what_is_under_way_is_answered(api: RunningApi) -> None:
    body = json.dumps([{**READING, "device_id": f"s-{number}"} for number in range(1000)]).encode()

    def under_way() -> bool:
        page = httpx2.get(f"{api.address}/metrics").text
        told = re.search(r"^millrace_api_bytes_in_flight (\S+)$", page, re.MULTILINE)
        return told is not None and float(told[1]) > 0

    def sent() -> Iterator[bytes]:
        yield body[:1000]
        eventually(under_way)
        assert api.process is not None
        api.process.send_signal(signal.SIGTERM)
        yield body[1000:]

    headers = {"X-API-Key": api.key, "Content-Type": "application/json", "Content-Length": str(len(body))}
    address = f"{api.address}/api/events/sensor-readings"
    assert httpx2.post(address, content=sent(), headers=headers, timeout=60).status_code == 202
    assert api.process is not None
    assert api.process.wait(60) == 0


def test_its_logins_may_do_nothing_else(api: RunningApi) -> None:
    pipeline = api.pipeline
    consumer = Consumer({**pipeline.local_client("api"), "group.id": "x", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(api.sensors, 0, 0)])
    with pytest.raises(KafkaException) as refused:
        message = consumer.poll(30)
        raise KafkaException(message and message.error())
    assert refused.value.args[0].code() in (
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    )
    consumer.close()
    with pipeline.warehouse("serving_api", "postgres_api_password") as connection:
        assert connection.execute("SELECT count(*) FROM serving.api_key").fetchone() == (1,)
        statements = (
            "SELECT FROM public.fact_event",
            "SELECT FROM etl.run",
            "UPDATE serving.api_key SET revoked_at = NULL",
            "INSERT INTO serving.api_key (key_id) VALUES ('x')",
            "CREATE TABLE public.x ()",
        )
        for statement in statements:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
    analyst = pipeline.warehouse("bi_reader", "postgres_bi_password")
    with analyst as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT FROM serving.api_key")


@pytest.mark.parametrize("variable", ["KAFKA_API_PASSWORD", "POSTGRES_API_PASSWORD"])
def test_a_wrong_password_ends_it_at_its_start_with_one_line(pipeline: Pipeline, variable: str) -> None:
    ended = pipeline.attempt("serving", **{variable: "wrong", "API_PORT": str(free_port())})
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert variable in ended.stderr.splitlines()[-1]
