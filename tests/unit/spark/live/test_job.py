"""How the stream goes on where a query could not read the bus, and when it gives up."""

from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from config.errors import TerminalError, UnavailableError
from config.kafka_client import client_config
from spark.live.job import SourceFailedError, Stream
from spark.live.settings import StreamSettings

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
        stream_outage_seconds=patience,
    )
    found = Stream(cast(StreamSettings, settings), (), cast(Any, None), cast(Any, None), Event(), False, False)
    left = list(outcomes)

    def query(*_: object) -> None:
        outcome = left.pop(0)
        if outcome is not None:
            raise outcome

    monkeypatch.setattr(found, "_begin", lambda: (None, {}))
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
