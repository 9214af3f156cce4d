"""The operator's reads of the raw store: what is broken off is asked again, a server that is away is not waited for."""

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import bson
import pytest
from bson.raw_bson import RawBSONDocument
from pydantic import SecretStr
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError, ServerSelectionTimeoutError

from config import signs_of_life
from config.operator_logins import OperatorMongoSettings
from utilities import python_check_mongo
from utilities.stores.raw_store import READ_ATTEMPTS, RawStore


class Answers:
    """A collection that counts: fails with each of `errors` in turn, then answers 3."""

    def __init__(self, *errors: PyMongoError) -> None:
        self._errors = list(errors)
        self.asked = 0

    def count_documents(self, _: object) -> int:
        self.asked += 1
        if self._errors:
            raise self._errors.pop(0)
        return 3

    def aggregate(self, _: object) -> list[RawBSONDocument]:
        return [RawBSONDocument(bson.encode({"_id": "view", "count": self.count_documents(None)}))]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawStore]:
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _: None))
    with RawStore(OperatorMongoSettings(mongo_port=1, mongo_operator_password=SecretStr("x"))) as store:
        yield store


def test_a_count_that_is_broken_off_under_load_is_asked_again(store: RawStore) -> None:
    answers = Answers(AutoReconnect("operation cancelled"), OperationFailure("operation was interrupted", 11601))
    store.collection = cast(Any, answers)
    assert store.count("views", 0, 10) == 3
    assert answers.asked == 3


def test_a_count_that_is_always_broken_off_ends_with_its_error(store: RawStore) -> None:
    answers = Answers(*[AutoReconnect("operation cancelled")] * (READ_ATTEMPTS + 1))
    store.collection = cast(Any, answers)
    with pytest.raises(AutoReconnect):
        store.count("views", 0, 10)
    assert answers.asked == READ_ATTEMPTS


@pytest.mark.parametrize("error", [ServerSelectionTimeoutError("refused"), OperationFailure("no role", 13)])
def test_a_server_that_is_away_or_refuses_is_asked_once(store: RawStore, error: PyMongoError) -> None:
    answers = Answers(error)
    store.collection = cast(Any, answers)
    with pytest.raises(type(error)):
        store.count("views", 0, 10)
    assert answers.asked == 1


def test_kinds_that_are_broken_off_under_load_are_counted_again(store: RawStore) -> None:
    answers = Answers(AutoReconnect("operation cancelled"))
    store._undecoded = cast(Any, answers)
    assert store.counts_by_kind() == {"view": 3}
    assert answers.asked == 2


def test_a_long_check_shows_that_it_lives(
    store: RawStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(signs_of_life, "SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(signs_of_life, "SECONDS_BETWEEN_SIGNS", 0.01)

    def slowly(answer: Any) -> Callable[[], Any]:
        def answer_after_a_while() -> Any:
            time.sleep(0.2)
            return answer

        return answer_after_a_while

    monkeypatch.setattr(store, "counts_by_partition", slowly({("views", 0): 3}))
    monkeypatch.setattr(store, "counts_by_kind", slowly({"view": 3}))
    monkeypatch.setattr(store, "newest", slowly(None))
    monkeypatch.setattr(RawStore, "connect", lambda: store)
    assert python_check_mongo.main(["--json"]) == 0
    shown = capsys.readouterr()
    assert '"documents": 3' in shown.out
    assert "by partition" in shown.err and "by kind" in shown.err
