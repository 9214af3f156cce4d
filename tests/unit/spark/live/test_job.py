"""How the stream goes on where a query could not read the bus, when it gives up, and what holds up its windows."""

import time
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from config.errors import TerminalError, UnavailableError
from config.kafka_client import client_config
from kafka.feeds.declaration import chosen_feeds
from kafka.topic_sight import TopicSight
from spark.live.job import SourceFailedError, Stream
from spark.live.settings import StreamSettings
from spark.live.store import Position, Progress
from spark.live.watermark import Clock, Clocks, Read

SIGHTINGS = cast(Any, SimpleNamespace(seen=TopicSight("", 2), confirm=lambda _: TopicSight("", 2)))
CONFIG = client_config("h:1", "PLAINTEXT", "PLAIN", "stream", SecretStr("p"), "KAFKA_STREAM_PASSWORD")


def stream(monkeypatch: pytest.MonkeyPatch, *outcomes: Exception | None, patience: float = 300.0) -> Stream:
    """A stream whose queries end so, one after the other."""
    settings = SimpleNamespace(
        stream_client=lambda: CONFIG,
        destination_topic="views",
        forgotten_topic="forgotten",
        key=b"k",
        stream_window_seconds=60,
        stream_lateness_seconds=120,
        stream_lead_seconds=60,
        stream_kept_days=30,
        stream_ids_hours=24,
        stream_outage_seconds=patience,
    )
    nothing = cast(Any, None)
    feeds = chosen_feeds("product_views,purchase-events")
    found = Stream(cast(StreamSettings, settings), feeds, (), nothing, nothing, Event(), False, False)
    left = list(outcomes)

    def query(*_: object) -> None:
        outcome = left.pop(0)
        if outcome is not None:
            raise outcome

    monkeypatch.setattr(found, "_begin", lambda: {})
    monkeypatch.setattr(found, "_query", query)
    monkeypatch.setattr(found.stop, "wait", lambda _: None)
    return found


def test_a_query_that_could_not_read_the_bus_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    stream(monkeypatch, SourceFailedError("once"), SourceFailedError("twice"), None).run()


def test_what_outlasts_patience_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = [SourceFailedError(str(number)) for number in range(3)]
    with pytest.raises(SourceFailedError, match="1"):
        stream(monkeypatch, *failing, patience=0).run()


@pytest.mark.parametrize("error", [TerminalError("for good"), UnavailableError("PostgreSQL was waited for")])
def test_what_was_waited_for_already_or_is_wrong_for_good_ends_the_stream(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(type(error), match=str(error)):
        stream(monkeypatch, error).run()


def test_spark_that_cannot_read_is_told_from_a_fault_of_ours_and_from_a_jvm_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pyspark.errors import PySparkException

    found = stream(monkeypatch)
    timeout = PySparkException("org.apache.kafka.common.errors.TimeoutException: Timed out")
    assert isinstance(found._error_of(timeout), SourceFailedError)
    ours = PySparkException('Traceback (most recent call last):\n  File "x.py", line 1, in f\nKeyError: 1')
    assert isinstance(found._error_of(ours), TerminalError)
    assert "start it again" in str(found._error_of(ConnectionRefusedError()))
    assert found._error_of(TerminalError("as it is")).args == ("as it is",)
    fault = KeyError("no fault of Spark's")
    assert found._error_of(fault) is fault


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Stream:
    """A stream whose batches tell that partition 0 has come to second 1,201, and take no time."""
    found = stream(monkeypatch)
    found.settings.stream_idle_seconds, found.settings.stream_batch_offsets = 60, 1_000
    batch = SimpleNamespace(topic="views", read={0: Read(0, 1, 1_201)})
    monkeypatch.setattr("spark.live.job.Batch", SimpleNamespace(of=lambda *_: batch))
    monkeypatch.setattr(found, "_main_rows", lambda *_: SimpleNamespace(num_rows=1))
    found.store = cast(Any, SimpleNamespace(apply=lambda *_: 1))
    found.forgotten = cast(Any, SimpleNamespace(refresh=lambda: None, moments=None))
    found.streamed["views"].sightings = SIGHTINGS
    return found


def places(*offsets: int) -> dict[tuple[str, int], int]:
    return {("views", partition): offset for partition, offset in enumerate(offsets)}


def test_a_partition_is_not_silent_while_the_batch_waits_for_a_server(
    counting: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    counting.streamed["views"].clocks = Clocks({0: Clock(1_200, 0.0), 1: Clock(0, 0.0)}, 0)
    counting.forgotten.refresh = lambda: now.append(now.pop() + 90)  # type: ignore[method-assign]
    counting._apply(cast(Any, None), places(5, 0))
    assert counting.streamed["views"].watermark == 0


def test_a_partition_of_which_a_full_batch_took_something_is_not_silent(counting: Stream) -> None:
    counting.streamed["views"].clocks = Clocks({0: Clock(1_200, 0.0), 1: Clock(0, time.monotonic() - 300)}, 0)
    counting.planned = places(0, 0)
    counting._apply(cast(Any, None), places(990, 10))
    assert counting.streamed["views"].watermark == 0
    counting._apply(cast(Any, None), places(991, 20))
    assert counting.streamed["views"].watermark == 1_201


def test_a_stream_that_begins_knows_which_partitions_were_silent_before_feed_by_feed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin = Stream._begin
    found = stream(monkeypatch)
    positions = {0: Position("", 5, 1_200, 2.0), 1: Position("", 7, 0, 86_400.0)}
    known = {"product_views": Progress(positions, None), "purchase-events": Progress({}, 900)}
    store = SimpleNamespace(progress=lambda topic, seconds, feed: known[feed], begin=lambda *_: None)
    ranges = dict.fromkeys(range(3), (0, 10))
    found.store = cast(Any, store)
    for topic, each in found.streamed.items():
        bus = SimpleNamespace(
            topic=topic, sightings=lambda: SIGHTINGS, ranges=lambda: ranges, await_readable=lambda _: None
        )
        each.bus = cast(Any, bus)
    found.forgotten = cast(Any, SimpleNamespace(refresh=lambda: None))
    begin(found)
    read = {0: Read(5, 6, 1_201), 2: Read(0, 1, 1_203)}
    main, other = found.streamed["views"], found.streamed["purchase-events"]
    assert main.heard(read, time.monotonic(), 60, ()).watermark == 1_201
    assert other.watermark == 900
    assert found.planned == {**places(5, 7, 0), **{("purchase-events", each): 0 for each in range(3)}}
