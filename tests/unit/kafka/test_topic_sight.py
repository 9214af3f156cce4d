"""A confirmation is as new as was asked for, and made no more often than that needs."""

import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from config.errors import UnavailableError
from kafka import topic_sight
from kafka.topic_sight import TopicSight, TopicSightings, asking


def test_one_answer_serves_all_who_fetched_before_it() -> None:
    asked: list[TopicSight] = []

    def ask() -> TopicSight:
        asked.append(TopicSight(f"id {len(asked)}", 1))
        return asked[-1]

    watch = TopicSightings("t", TopicSight("id", 1), ask)
    fetched = time.monotonic()
    time.sleep(0.001)
    assert watch.confirm(fetched) == watch.confirm(fetched) == TopicSight("id 0", 1)
    assert watch.confirm(time.monotonic()) == watch.seen == TopicSight("id 1", 1)


def test_a_question_that_fails_answers_all_who_waited_for_it() -> None:
    """One after the other, five workers would keep a stage from stopping for a minute."""
    asked, waiting = [], Barrier(5)

    def ask() -> TopicSight:
        asked.append(1)
        time.sleep(0.2)
        raise UnavailableError("nobody says")

    watch = TopicSightings("t", TopicSight("id", 1), ask)

    def confirm() -> str:
        waiting.wait()
        with pytest.raises(UnavailableError) as caught:
            watch.confirm(time.monotonic())
        return str(caught.value)

    with ThreadPoolExecutor(5) as workers:
        assert [each.result() for each in [workers.submit(confirm) for _ in range(5)]] == ["nobody says"] * 5
    assert len(asked) == 1
    with pytest.raises(UnavailableError):
        watch.confirm(time.monotonic())
    assert len(asked) == 2


class Brokers:
    """Every client has learned who the controller was when it was made; `lost` clients ask one that is away."""

    def __init__(self, lost: int) -> None:
        self.lost = lost
        self.clients = 0

    def client(self, *_: Any, **__: Any) -> SimpleNamespace:
        self.clients += 1
        return SimpleNamespace(number=self.clients, poll=lambda _: 0)

    def ask(self, client: SimpleNamespace, *_: Any) -> "Future[SimpleNamespace]":
        answer: Future[SimpleNamespace] = Future()
        if client.number <= self.lost:
            answer.set_exception(KafkaException(KafkaError(KafkaError._TIMED_OUT)))
        else:
            answer.set_result(SimpleNamespace(topic_id="id", partitions=[0]))
        return answer


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_client_whose_controller_is_away_is_replaced(monkeypatch: pytest.MonkeyPatch, lost: int) -> None:
    brokers = Brokers(lost)
    monkeypatch.setattr(topic_sight, "AdminClient", brokers.client)
    monkeypatch.setattr(topic_sight, "ask_topic_id", brokers.ask)
    ask = asking({}, "t", "asking")
    if lost == 2:  # nobody is there
        with pytest.raises(UnavailableError):
            ask()
    assert ask() == ask() == TopicSight("id", 1)
    assert brokers.clients == lost + 1


def test_a_client_is_asked_again_while_no_error_is_handled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is handled while a call fails is kept for ever (confluent_kafka 2.16), and with it the former client."""
    brokers, handled = Brokers(lost=0), []

    def list_topics(*_: Any, **__: Any) -> SimpleNamespace:
        handled.append(sys.exception())
        return SimpleNamespace(topics={"t": SimpleNamespace(error=None, partitions=[0])})

    def ask_topic_id(client: SimpleNamespace, *_: Any) -> "Future[SimpleNamespace]":
        handled.append(sys.exception())
        client.list_topics = list_topics
        codes = {1: KafkaError._TIMED_OUT, 2: KafkaError._UNSUPPORTED_FEATURE}
        answer: Future[SimpleNamespace] = Future()
        answer.set_exception(KafkaException(KafkaError(codes[client.number])))
        return answer

    monkeypatch.setattr(topic_sight, "AdminClient", brokers.client)
    monkeypatch.setattr(topic_sight, "ask_topic_id", ask_topic_id)
    assert asking({}, "t", "asking")() == TopicSight("", 1)
    assert handled == [None, None, None]
