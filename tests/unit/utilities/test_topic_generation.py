"""The next generation of a topic: its name, and the line of `.env` that names it."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from config.errors import TerminalError
from kafka.client import find_topic
from kafka.mirror import lanes
from kafka.sinks.sink import StoreMark
from tests.mock_cluster import MockCluster
from utilities import topic_generation
from utilities.local_servers.environment import set_variable
from utilities.stores.raw_store import RawStore
from utilities.topic_generation import next_name, returning

ON_LIST, BEFORE, REMOVED = "are on the list (", "before there was that list (", "Retention has removed"


@pytest.mark.parametrize(
    ("topic", "following"),
    [
        ("product_views", "product_views.2"),
        ("product_views.2", "product_views.3"),
        ("product_views.9", "product_views.10"),
        ("shop.views", "shop.views.2"),
        (".2", ".2.2"),
    ],
)
def test_generations_are_numbered_behind_the_name(topic: str, following: str) -> None:
    assert next_name(topic) == following


def test_a_name_that_kafka_would_refuse_is_said() -> None:
    with pytest.raises(TerminalError, match="249"):
        next_name("v" * 248)


def test_a_variable_takes_the_place_of_its_line_and_every_other_stays(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# mine\nDESTINATION_TOPIC=old\nSECRET=a=b\n\nDESTINATION_TOPIC_X=1")
    set_variable(path, "DESTINATION_TOPIC", "new.2")
    assert path.read_text() == "# mine\nSECRET=a=b\n\nDESTINATION_TOPIC_X=1\nDESTINATION_TOPIC=new.2\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_variable_is_written_where_there_is_no_file_yet(tmp_path: Path) -> None:
    set_variable(tmp_path / ".env", "DESTINATION_TOPIC", "views.2")
    assert (tmp_path / ".env").read_text().endswith("\nDESTINATION_TOPIC=views.2\n")


@pytest.mark.parametrize(
    ("listed", "erasures", "emptied", "removed", "told"),
    [
        (0, 0, False, False, []),
        (0, 2, True, False, [BEFORE]),
        (0, 0, True, False, [BEFORE]),
        (3, 0, True, False, [ON_LIST]),
        (3, 2, True, False, [ON_LIST, BEFORE]),
        (0, 0, False, True, [REMOVED]),
        (1, 1, True, True, [ON_LIST, BEFORE, REMOVED]),
    ],
)
def test_who_and_what_the_source_brings_back_is_said(
    listed: int, erasures: int, emptied: bool, removed: bool, told: list[str]
) -> None:
    text = returning(listed, erasures, emptied, removed)
    assert [each for each in (ON_LIST, BEFORE, REMOVED) if each in text] == told


@pytest.mark.parametrize(("looks", "found"), [(1, "id"), (1000, None)])
def test_a_topic_is_not_deleted_because_a_broker_does_not_know_it_at_one_look(
    monkeypatch: pytest.MonkeyPatch, looks: int, found: str | None
) -> None:
    missed: list[str] = []

    def find_late(admin: Any, topic: str, *rest: Any) -> Any:
        if len(missed) < looks:
            missed.append(topic)
            return None
        return find_topic(admin, topic, *rest)

    monkeypatch.setattr(topic_generation, "find_topic", find_late)
    monkeypatch.setattr(topic_generation, "topic_id", lambda *_: "id")  # which the stand-in cannot be asked for
    monkeypatch.setattr(lanes, "SECONDS_TO_SPREAD", 0.5)
    with MockCluster() as cluster:
        cluster.create_topic("views", 1)
        settings = SimpleNamespace(client=lambda: cluster.client, destination_topic="views", kafka_brokers="mock")
        assert topic_generation._id_now(cast(Any, settings)) == found


def test_every_stage_that_has_marks_of_the_topic_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = {("views", 0): StoreMark(5, "landed"), ("views", 1): StoreMark(0), ("other", 0): StoreMark(5, "other")}
    connection = SimpleNamespace(execute=lambda *_: [("loaded",)])
    store = nullcontext(SimpleNamespace(marks=lambda: marks, address="host:27017"))
    monkeypatch.setattr(RawStore, "connect", lambda: store)
    monkeypatch.setattr(topic_generation, "warehouse_connection", lambda *_: nullcontext(connection))
    monkeypatch.setattr(topic_generation, "_mirrored_ids", lambda *_: {"mirrored"})
    monkeypatch.setattr(
        topic_generation, "indexed_marks", lambda _, topic: {0: StoreMark(7, f"indexed {topic}"), 1: StoreMark(0)}
    )
    login = SimpleNamespace(postgres_user="etl", postgres_password="x")
    for kind in ("WarehouseSettings", "SearchReaderSettings"):
        monkeypatch.setattr(topic_generation, kind, SimpleNamespace(load=lambda: login))
    settings = SimpleNamespace(client=lambda: {}, destination_topic="views", mirror_offsets_topic="offsets")
    assert topic_generation._known_ids(cast(Any, settings)) == {
        "mirror": {"mirrored"},
        "landing": {"landed"},
        "indexer": {"indexed views"},
        "ETL": {"loaded"},
    }
