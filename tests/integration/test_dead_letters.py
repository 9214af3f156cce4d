"""Bad records are kept with their reason and original bytes, by landing and indexer alike, and can be replayed."""

import json
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import Message, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from config.settings import PROJECT_ROOT
from kafka.dead_letters.index import DeadLetterIndex
from kafka.dead_letters.letter import (
    BUS,
    PENDING,
    REPLAY_HEADER,
    DeadLetter,
    Headers,
    Origin,
    read_dead_letters,
    replay_headers,
)
from kafka.log_reader import read_to_end
from kafka.position import BusPosition
from kafka.topics import TopicIdentity, cluster_id
from tests.events import view
from tests.pipeline import PARTITIONS, Pipeline

pytestmark = pytest.mark.servers

SEVENTEEN_MEGABYTES = 17 * 2**20


DEEP = {"deep": {"deep": {"deep": {"deep": {"deep": 1}}}}}
DAY_MS = 86_400_000
FORMER_CODE = "import sys, kafka.event_json as rules; rules.MAX_DEPTH = 3; from kafka.{0} import main; sys.exit(main())"


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


BROKEN: dict[str, bytes | None] = {
    "null value": None,
    "empty value": b"",
    "not JSON": b"{not json",
    "no object": b'["a", 1]',
    "a number": b"17",
    "invalid UTF-8": b'{"id": "\xff\xfe"}',
    "lone surrogate": b'{"id": "\\ud800"}',
    "integer beyond 64 bits": b'{"id": 9223372036854775808}',
    "negative integer beyond 64 bits": b'{"id": -9223372036854775809}',
    "huge integer": b'{"a": [1, {"id": 123456789012345678901234567890}]}',
    "NaN": b'{"price": NaN}',
    "Infinity": b'{"price": -Infinity}',
    "infinite by its exponent": b'{"price": 1e999}',
    "a key with a NUL": b'{"a\\u0000b": 1}',
    "nested too deep": nested(5000),
    "nested deeper than BSON": nested(250),
}

SOUND: dict[str, bytes] = {
    "largest integer": b'{"a": 9223372036854775807, "b": -9223372036854775808}',
    "digits in a string": b'{"a": "123456789012345678901234567890"}',
    "keys with dots and dollars": b'{"a.b": 1, "$c": {"d.e": 2}}',
    "empty key": b'{"": 1}',
    "empty object": b"{}",
    "pretty-printed": json.dumps(view(7), indent=2).encode(),
    "any Unicode": json.dumps({"a": "\u0000\u2028\U0001f600", "é": "ß"}, ensure_ascii=False).encode(),
    "_id of the old document": b'{"_id": "5ec8015d71a3b936be7dc56d", "_source": 1, "_index": null}',
}


def letters(pipeline: Pipeline, stage: str) -> dict[bytes, list[tuple[bytes | None, str, str]]]:
    """By key of the original record: its value, reason and status, the newest of each position."""
    config = pipeline.local_client("operator")
    newest = {}
    for letter in read_dead_letters(config, pipeline.environment["DEAD_LETTER_TOPIC"]):
        if letter.stage == stage:
            newest[letter.position] = letter
    found: dict[bytes, list[tuple[bytes | None, str, str]]] = {}
    for letter in newest.values():
        found.setdefault(letter.key or b"", []).append((letter.value, letter.reason, letter.status))
    return found


def test_every_kind_of_bad_record_is_dead_lettered_and_every_sound_one_is_stored(pipeline: Pipeline) -> None:
    too_large = b'{"a": "' + b"x" * SEVENTEEN_MEGABYTES + b'"}'
    broken = {**BROKEN, "larger than 16 MB": too_large}
    pipeline.produce([(name.encode(), value) for name, value in {**SOUND, **broken}.items()])
    for stage in ("kafka.mirror", "kafka.landing", "kafka.indexer"):
        pipeline.run(stage)
    for stage in ("landing", "indexer"):
        found = letters(pipeline, stage)
        assert {name.decode(): [each[0] for each in values] for name, values in found.items()} == {
            name: [value] for name, value in broken.items()
        }, stage
        assert all(reason and status == "pending" for values in found.values() for _, reason, status in values)
    with pipeline.raw() as raw:
        landed = {document["kafka"]["key"]: document["event"] for document in raw.find()}
    assert {key.decode() if isinstance(key, bytes) else key for key in landed} == set(SOUND)
    pipeline.run("etl")
    figures = pipeline.reconcile()
    assert figures["totals"]["dead_landing"] == figures["totals"]["dead_indexer"] == len(broken)


def test_replayed_dead_letters_come_again_once_and_the_numbers_still_agree(pipeline: Pipeline) -> None:
    pipeline.produce([(b"bad", b"{not json"), (b"good", json.dumps(view(1)).encode()), (b"gone", None)])
    # The source is another Millrace's, which has replayed this one; its cluster was formatted with the same id.
    into = TopicIdentity(cluster_id(pipeline.local_client("operator")), pipeline.topic, "another topic's")
    theirs = replay_headers(Origin(BUS, BusPosition(pipeline.topic, 0, 0)), into)
    producer = Producer(pipeline.source_client("generator", "source_generator_password"))
    producer.produce(pipeline.topic, json.dumps(view(2)).encode(), b"good", headers=theirs)
    assert producer.flush(60) == 0
    pipeline.run_all()
    shown = pipeline.run("kafka.replay_dead_letters", "--dry-run")
    assert "landing" in shown
    pipeline.run("kafka.replay_dead_letters")
    assert {status for values in letters(pipeline, "landing").values() for _, _, status in values} == {"replayed"}
    pipeline.run("kafka.replay_dead_letters")
    pipeline.run_all()
    figures = pipeline.reconcile()
    assert figures["totals"]["replayed"] == 2
    # They are as bad as before, at their new places.
    assert figures["totals"]["dead_landing"] == figures["totals"]["dead_indexer"] == 4
    assert (figures["totals"]["mirrored"], figures["totals"]["landed"]) == (4, 2)


def run_former(pipeline: Pipeline, stage: str) -> None:
    """Run a stage as it was before a fix: it took less depth."""
    command = [sys.executable, "-c", FORMER_CODE.format(stage)]
    subprocess.run(command, cwd=PROJECT_ROOT, env=pipeline.environment, check=True, timeout=300, capture_output=True)


def copies(pipeline: Pipeline) -> list[Message]:
    """Records of the local topic that were published again."""
    records = read_to_end(pipeline.local_client("operator"), pipeline.topic)
    return [record for record in records if replay_of(record)]


def replay_of(copy: Message) -> list[str]:
    """What a copy says of where it came from, the first origin first."""
    return [(value or b"").decode() for name, value in pairs(copy) if name == REPLAY_HEADER]


def pairs(record: Message) -> list[tuple[str, bytes | None]]:
    headers: Any = record.headers() or []
    return list(headers)


def write_letters(pipeline: Pipeline, letters: Iterable[DeadLetter]) -> None:
    producer = Producer({**pipeline.local_client("operator"), "message.max.bytes": 100_000_000})
    for letter in letters:
        key, headers = letter.record_key, letter.record_headers()
        producer.produce(pipeline.environment["DEAD_LETTER_TOPIC"], letter.value, key, headers=headers)
        assert producer.flush(60) == 0


def test_what_is_refused_again_after_its_replay_is_not_published_again(pipeline: Pipeline) -> None:
    pipeline.produce([(b"bad", b"{not json"), (b"good", json.dumps(view(1)).encode())])
    pipeline.run_all()
    pipeline.run("kafka.replay_dead_letters")
    # Landing reads its topic from the beginning, and refuses the same position again: pending, replayed, pending.
    pipeline.run("utilities.delete_mongo_data", "--yes")
    pipeline.run_all()
    assert "pending" in {status for values in letters(pipeline, "landing").values() for _, _, status in values}
    pipeline.run("kafka.replay_dead_letters", "--position", f"{pipeline.topic}:00000:{0:019d}")
    assert len(copies(pipeline)) == 1
    assert pipeline.reconcile()["totals"]["replayed"] == 1
    # The copy was refused at its own position: that one may be published again, and names both places.
    pipeline.run("kafka.replay_dead_letters")
    pipeline.run("kafka.replay_dead_letters", "--position", f"{pipeline.topic}:00000:{0:019d}")
    pipeline.run_all()
    first, second = copies(pipeline)
    assert replay_of(second) == [f"{pipeline.topic}:00000:{offset:019d}" for offset in (0, first.offset())]
    assert pipeline.reconcile()["totals"]["replayed"] == 2


def test_after_a_fix_original_and_copy_count_once_and_every_number_agrees(pipeline: Pipeline) -> None:
    pipeline.produce_events([view(1), {**view(2), **DEEP}, {**view(3), **DEEP}])
    pipeline.run("kafka.mirror")
    for stage in ("landing", "indexer"):
        run_former(pipeline, stage)
    pipeline.run("etl")
    assert pipeline.reconcile()["totals"]["dead_landing"] == 2
    pipeline.run("kafka.replay_dead_letters")
    pipeline.run_all()
    assert pipeline.reconcile()["totals"]["landed"] == 3
    # Now the originals are sound to the landing, too: they are landed beside their copies, and are dead no more.
    pipeline.run("utilities.delete_mongo_data", "--yes")
    pipeline.run("kafka.landing")
    pipeline.run("kafka.replay_dead_letters")
    assert len(copies(pipeline)) == 2
    pipeline.run("etl", "--full-refresh")
    totals = pipeline.reconcile()["totals"]
    assert (totals["landed"], totals["dead_landing"], totals["dead_indexer"]) == (5, 0, 2)
    assert (totals["loaded"], totals["duplicates"], totals["view_rows"]) == (3, 2, 3)


def of_the_mirror(pipeline: Pipeline) -> dict[str, DeadLetter]:
    """Letters as the mirror writes them: positions at the source, whose topic has the name of ours."""
    now = int(time.time() * 1000)
    first = DeadLetter(
        stage="mirror",
        position=BusPosition(pipeline.topic, 0, 0),
        reason="refused_by_kafka",
        detail="",
        status=PENDING,
        timestamp_ms=1_600_000_000_000,
        key=b"\xffkey",
        value=json.dumps(view(7)).encode(),
        headers=[("trace", b"\x00\xff"), ("none", None), ("empty", b"")],
    )
    odd: Headers = [(b"caf\xe9".decode("utf-8", "surrogateescape"), b"v"), ("none", None)]
    return {
        "sound": first,
        "odd header": replace(first, position=BusPosition(pipeline.topic, 0, 1), headers=odd, key=None),
        "ahead": replace(first, position=BusPosition(pipeline.topic, 0, 2), timestamp_ms=now + 2 * DAY_MS),
        "no partition": replace(first, position=BusPosition(pipeline.topic, PARTITIONS, 3)),
        "null": replace(first, position=BusPosition(pipeline.topic, 1, 0), value=None, key=b""),
    }


def test_what_the_mirror_could_not_copy_is_replayed_but_for_what_is_still_refused(pipeline: Pipeline) -> None:
    pipeline.produce([(b"bad", b"{not json")], partition=0)
    pipeline.run_all()
    refuse_times_ahead(pipeline)
    written = of_the_mirror(pipeline)
    write_letters(pipeline, written.values())
    read = {letter.origin: letter for letter in read_dead_letters(*dead_letter_topic(pipeline))}
    assert all(read[letter.origin] == letter for letter in written.values())

    replayed = pipeline.attempt("kafka.replay_dead_letters", "--stage", "mirror")
    assert replayed.returncode == 1 and "Traceback" not in replayed.stderr, replayed.stderr
    lines = [line for line in replayed.stderr.splitlines() if "stays pending" in line]
    assert [str(written["ahead"].origin) in lines[0], str(written["no partition"].origin) in lines[1]] == [True, True]
    assert "names=caf\\xe9" in replayed.stderr
    found = {replay_of(copy)[0]: copy for copy in copies(pipeline)}
    assert set(found) == {str(written[name].origin) for name in ("sound", "odd header", "null")}
    sound = found[str(written["sound"].origin)]
    assert (sound.key(), sound.value(), sound.timestamp()) == (
        b"\xffkey",
        written["sound"].value,
        (1, 1_600_000_000_000),
    )
    assert pairs(sound)[:-2] == written["sound"].headers
    null = found[str(written["null"].origin)]
    assert (null.key(), null.value(), null.partition()) == (b"", None, 1)
    index = DeadLetterIndex.read(*dead_letter_topic(pipeline))
    # The local record at the same position of a topic of the same name is another one.
    assert {head.stage for head in index.pending(None, None, None)} == {"mirror", "landing", "indexer"}

    ahead = str(written["ahead"].origin)
    pipeline.run("kafka.replay_dead_letters", "--position", ahead, "--timestamp", "now")
    (copy,) = [copy for copy in copies(pipeline) if replay_of(copy) == [ahead]]
    assert dict(pairs(copy))["millrace-original-timestamp"] == str(written["ahead"].timestamp_ms).encode()
    assert copy.timestamp()[1] < written["ahead"].timestamp_ms - DAY_MS
    pipeline.run("kafka.replay_dead_letters", "--position", ahead)
    assert len(copies(pipeline)) == 4
    pipeline.run_all()
    assert pipeline.reconcile()["totals"]["replayed"] == 4
    traced = json.loads(pipeline.run("utilities.trace", "--position", ahead, "--json"))
    assert traced["ways"][0]["outcome"] == "dead letter"


def dead_letter_topic(pipeline: Pipeline) -> tuple[dict[str, str | int | bool], str]:
    return pipeline.local_client("operator"), pipeline.environment["DEAD_LETTER_TOPIC"]


def refuse_times_ahead(pipeline: Pipeline) -> None:
    """Have the topic refuse a record's time as Kafka 4 does by default: more than an hour ahead."""
    entry = ConfigEntry("message.timestamp.after.max.ms", "3600000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, pipeline.topic, incremental_configs=[entry])
    admin = AdminClient(pipeline.local_client("admin"))
    admin.incremental_alter_configs([resource])[resource].result()


def test_memory_does_not_grow_with_the_bytes_of_the_letters(pipeline: Pipeline) -> None:
    pipeline.produce([(b"good", json.dumps(view(1)).encode())])
    pipeline.run("kafka.mirror")
    four_megabytes = b"x" * 2**22
    some = of_the_mirror(pipeline)["sound"]
    places = (BusPosition(pipeline.topic, number % PARTITIONS, number) for number in range(120))
    write_letters(pipeline, (replace(some, stage="landing", position=each, value=four_megabytes) for each in places))
    # Not getrusage, whose maximum is that of the process it was forked from, too.
    measured = (
        "import re; from kafka.replay_dead_letters import main; status = main([]);"
        "print(status, int(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1]) // 1024)"
    )
    command = [sys.executable, "-c", measured]
    ran = subprocess.run(
        command, cwd=PROJECT_ROOT, env=pipeline.environment, timeout=300, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert "the first 50 of 120" in ran.stdout
    status, mebibytes = ran.stdout.split()[-2:]
    assert status == "0" and int(mebibytes) < 400, ran.stdout[-200:]
    assert len(copies(pipeline)) == 120
