"""The feed that both sides of a comparison get, and the digest that tells a copy from what is none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from benchmarks.feed import Digest, Feed, FeedRecord, events, product_views
from benchmarks.mirror_maker import MirrorMaker
from config.kafka_client import ClientConfig

RECORDS = [
    FeedRecord(0, b"a", b"1", 1000),
    FeedRecord(2, None, None, 2000),
    FeedRecord(0, b"b", b"2", 3000),
]


def digest(records: list[FeedRecord]) -> list[tuple[int, str]]:
    result = Digest()
    for record in records:
        result.add(record, record.headers())
    return result.result()


def test_a_feed_is_the_same_each_time() -> None:
    assert Feed(events(300)).digest == Feed(events(300)).digest


def test_a_feed_of_product_views_holds_nothing_else() -> None:
    views = list(product_views(200))
    assert len(views) == 200
    assert {orjson.loads(view.value or b"")["collection"] for view in views} == {"view_product_detail"}


@pytest.mark.parametrize(
    "change",
    [
        lambda records: records[:-1],
        lambda records: [records[2], records[1], records[0]],
        lambda records: [records[0]._replace(value=b"3"), *records[1:]],
        lambda records: [records[0]._replace(key=None), *records[1:]],
        lambda records: [records[0]._replace(timestamp_ms=1001), *records[1:]],
        lambda records: [records[0]._replace(partition=1), *records[1:]],
    ],
)
def test_a_lost_reordered_or_changed_record_is_no_copy(
    change: Callable[[list[FeedRecord]], list[FeedRecord]],
) -> None:
    assert digest(change(RECORDS)) != digest(RECORDS)


def test_a_copy_without_headers_is_no_copy() -> None:
    without = Digest()
    for record in RECORDS:
        without.add(record, None)
    assert without.result() != digest(RECORDS)


def test_exactly_once_is_asked_of_mirror_maker_only_where_it_is_compared(tmp_path: Path) -> None:
    login = {"bootstrap.servers": "h:1", "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN"}
    client: ClientConfig = {**login, "sasl.username": "admin", "sasl.password": "secret"}
    default = MirrorMaker("views", client, client, exactly_once=False, jars=tmp_path, rest_port=1)
    for maker in (default, replace(default, exactly_once=True)):
        maker.command(tmp_path)
        path = tmp_path / "views-mirror-maker.properties"
        assert path.stat().st_mode & 0o077 == 0
        assert ("exactly.once.source.support = enabled" in path.read_text()) is maker.exactly_once
