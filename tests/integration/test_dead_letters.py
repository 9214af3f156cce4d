"""Bad records are kept with their reason and original bytes, by landing and indexer alike, and can be replayed."""

import json

import pytest

from kafka.dead_letters import read_dead_letters
from tests.events import view
from tests.pipeline import Pipeline

pytestmark = pytest.mark.servers

SEVENTEEN_MEGABYTES = 17 * 2**20


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
    assert figures["totals"]["landed"] == 1
