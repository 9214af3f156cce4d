"""How long a bounded run waits for the marks of a commit: by the clock, whatever the questions take."""

from threading import Event
from typing import Any, cast

import pytest

from kafka import readable_end
from kafka.readable_end import OPEN_SECONDS, readable_ends


class Log:
    """Stands in for a topic whose partitions' logs end at 10, and the clock: each question takes a second."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ends: dict[int, int]) -> None:
        self.ends, self.asked, self.now = ends, list[list[int]](), 0.0
        monkeypatch.setattr(readable_end, "log_ranges", lambda *_: dict.fromkeys(ends, (0, 10)))
        monkeypatch.setattr(readable_end, "partition_ranges", self._ranges)
        monkeypatch.setattr(readable_end, "SECONDS_BETWEEN_QUESTIONS", 0.0)
        monkeypatch.setattr(readable_end, "time", self)

    def monotonic(self) -> float:
        return self.now

    def _ranges(self, consumer: Any, config: Any, topic: str, partitions: Any, seconds: float) -> Any:
        self.asked.append(sorted(partitions))
        self.now += 1.0
        return {partition: (0, self.ends[partition]) for partition in partitions}

    def readable(self) -> dict[int, int]:
        return readable_ends(cast(Any, None), {}, "views", self.ends, 30.0, Event())


def test_only_partitions_that_are_behind_are_asked_again_and_no_longer_than_is_waited(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = Log(monkeypatch, {0: 10, 1: 7, 2: 12})
    assert log.readable() == log.ends
    assert log.asked == [[0, 1, 2], *[[1]] * round(OPEN_SECONDS - 1)]
    assert "a transaction is open topic=views partition=1 at=7: the 3 offsets" in caplog.text


def test_nothing_is_told_where_everything_can_be_read(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = Log(monkeypatch, {0: 10, 1: 10})
    assert log.readable() == log.ends
    assert (log.asked, caplog.text) == ([[0, 1]], "")
