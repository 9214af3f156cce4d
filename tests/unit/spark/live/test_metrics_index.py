"""What Elasticsearch holds of a window, and what a stream leaves behind on this machine."""

import os
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, cast

import psycopg
import pytest
from pydantic import SecretStr

from spark.live import metrics_index
from spark.live.checkpoint import PREFIX, remove_left_behind
from spark.live.metrics_index import LONGEST_ID_BYTES, MetricsWriter, Row, action, document_id
from spark.live.metrics_settings import MetricsIndexSettings

ROW = Row(
    "purchase-events", "revenue", "category", "books", datetime(2026, 1, 31, 23, 59, tzinfo=UTC), 2.5, "", True, 7
)


def test_a_row_is_a_document_of_its_months_index_known_by_what_it_is() -> None:
    assert action(ROW) == {
        "_index": "pipeline-metrics-2026.01",
        "_id": "purchase-events|revenue|category|books|2026-01-31T23:59:00Z",
        "@timestamp": ROW.window_start,
        "feed": "purchase-events",
        "metric": "revenue",
        "dimension": "category",
        "member": "books",
        "value": 2.5,
        "unit": "",
        "is_closed": True,
        "batch_id": 7,
    }


def test_an_id_that_elasticsearch_would_refuse_is_a_hash_of_its_words() -> None:
    long = ROW._replace(member="\u20ac" * 200)
    assert len(document_id(long).encode()) <= LONGEST_ID_BYTES
    assert document_id(long) != document_id(long._replace(metric="purchases"))


def test_what_was_counted_before_the_end_is_tried_again_and_the_end_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics_index, "RETRY_SECONDS", 0.0)
    settings = MetricsIndexSettings.load(elasticsearch_stream_password=SecretStr("x"))
    writer, answers, done = MetricsWriter(cast(Any, None), settings, 0.001), iter([False, False, True]), Event()

    def attempt(_: object) -> bool:
        answer = next(answers, True)
        if answer:
            done.set()
        return answer

    monkeypatch.setattr(writer, "_attempt", attempt)
    writer.start()
    assert done.wait(30)
    done.clear()
    writer.end()
    assert done.is_set()
    assert not writer.is_alive()


def test_what_the_warehouse_refuses_is_not_laid_at_elasticsearchs_door(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def connect(self) -> Any:
            raise psycopg.errors.NumericValueOutOfRange("out of range")

    settings, told = MetricsIndexSettings.load(elasticsearch_stream_password=SecretStr("x")), list[object]()
    writer = MetricsWriter(cast(Any, Refusing()), settings, 0.001)
    monkeypatch.setattr(writer._waiting, "because", told.append)
    assert not writer._attempt(cast(Any, None))
    assert told == ["the warehouse: out of range"]


def test_folders_of_killed_streams_are_removed_and_those_of_others_are_not(tmp_path: Path) -> None:
    beyond = int(Path("/proc/sys/kernel/pid_max").read_text()) + 1
    for name in (f"{PREFIX}{beyond}-ab_c", f"{PREFIX}{os.getpid()}-abc", f"{PREFIX}abcdef", "another"):
        (tmp_path / name / "offsets").mkdir(parents=True)
    remove_left_behind(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {f"{PREFIX}{os.getpid()}-abc", f"{PREFIX}abcdef", "another"}
