"""A topic is its id: another one is told, and an error while asking is no answer."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException

from config.errors import AccessError, MillraceError, TerminalError, UnavailableError
from kafka.absence import MISSING_SECONDS
from kafka.client import MissingTopicError
from kafka.consumer import topic_watch
from kafka.consumer.topic_watch import TopicWatch
from kafka.lost_offsets import TopicMadeAnewError
from kafka.topics import ZERO_ID, topic_id

Answer = str | int | None


class Cluster:
    """Answers what it is told to: an id, an error's code, or (None) nothing yet."""

    def __init__(self) -> None:
        self.answers: Answer = "first"
        self.asked: list[Future[Any]] = []
        self.clients = 0

    def client(self, _: Any) -> "Cluster":
        self.clients += 1
        return self

    def describe_topics(self, topics: Any, request_timeout: float) -> dict[str, Future[Any]]:
        answer: Future[Any] = Future()
        self.asked.append(answer)
        if isinstance(self.answers, str):
            answer.set_result(SimpleNamespace(topic_id=self.answers))
        elif self.answers is not None:
            answer.set_exception(KafkaException(KafkaError(self.answers)))
        return {"t": answer}


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("kafka.consumer.topic_watch.time", clock)
    monkeypatch.setattr("kafka.consumer.outage.time", clock)
    monkeypatch.setattr("kafka.absence.time", clock)
    monkeypatch.setattr(topic_watch, "ANSWER_SECONDS", 0.005)
    return clock


@pytest.fixture
def watch(cluster: Cluster, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> TopicWatch:
    monkeypatch.setattr(topic_watch, "AdminClient", cluster.client)
    watch = TopicWatch({}, "t", None)
    watch.begin()
    return watch


def look_twice(watch: TopicWatch, clock: Clock, seconds: float = 100.0) -> None:
    """Ask, and hear the answer."""
    clock.now += seconds
    watch.look()
    watch.look()


@pytest.mark.parametrize(("answer", "told"), [("abc", "abc"), (ZERO_ID, ""), (KafkaError._UNSUPPORTED_FEATURE, "")])
def test_only_a_broker_without_ids_tells_none(cluster: Cluster, answer: Answer, told: str) -> None:
    cluster.answers = answer
    assert topic_id(cast(Any, cluster), "t") == told


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (KafkaError._TIMED_OUT, UnavailableError),
        (KafkaError._TRANSPORT, UnavailableError),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, AccessError),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, MissingTopicError),
    ],
)
def test_an_error_while_asking_is_not_taken_for_a_topic_without_id(
    cluster: Cluster, code: int, kind: type[MillraceError]
) -> None:
    cluster.answers = code
    with pytest.raises(kind):
        topic_id(cast(Any, cluster), "t")


def test_a_topic_made_anew_is_noticed_while_it_is_read(watch: TopicWatch, cluster: Cluster, clock: Clock) -> None:
    look_twice(watch, clock)
    cluster.answers = "second"
    with pytest.raises(TopicMadeAnewError, match=r"millrace new-generation"):
        look_twice(watch, clock)
    assert not watch.same
    assert watch.topic_id == "first"


def test_a_slow_answer_is_not_waited_for(watch: TopicWatch, cluster: Cluster, clock: Clock) -> None:
    cluster.answers = None
    look_twice(watch, clock)
    look_twice(watch, clock)
    assert len(cluster.asked) == 2  # at the start, and once
    with pytest.raises(UnavailableError):
        watch.confirm()


def test_an_outage_while_asking_changes_nothing(watch: TopicWatch, cluster: Cluster, clock: Clock) -> None:
    for code in (KafkaError._TIMED_OUT, KafkaError._TRANSPORT):
        cluster.answers = code
        look_twice(watch, clock)
        with pytest.raises(UnavailableError):
            watch.confirm()
    cluster.answers = ZERO_ID  # a broker of an older version among the others
    watch.confirm()
    assert watch.topic_id == "first"
    cluster.answers = "first"
    watch.confirm()


def test_a_new_client_asks_after_an_outage(watch: TopicWatch, cluster: Cluster) -> None:
    """One that only asks for this never learns that the controller, whom it asks, is another broker by now."""
    watch.confirm()
    assert cluster.clients == 1
    cluster.answers = KafkaError._TIMED_OUT
    with pytest.raises(UnavailableError):
        watch.confirm()
    assert cluster.clients == 2


def test_a_deleted_topic_is_waited_for_and_then_told(watch: TopicWatch, cluster: Cluster, clock: Clock) -> None:
    cluster.answers = KafkaError.UNKNOWN_TOPIC_OR_PART
    look_twice(watch, clock)
    assert watch.missing
    with pytest.raises(UnavailableError):
        watch.confirm()
    with pytest.raises(TerminalError, match="was deleted"):
        look_twice(watch, clock, MISSING_SECONDS + 1)


def test_a_broker_that_has_not_heard_of_the_topic_for_a_moment_ends_nothing(
    watch: TopicWatch, cluster: Cluster, clock: Clock
) -> None:
    cluster.answers = KafkaError.UNKNOWN_TOPIC_OR_PART
    look_twice(watch, clock)
    cluster.answers = "first"
    look_twice(watch, clock)
    assert not watch.missing
    watch.confirm()


def test_brokers_that_have_just_started_before_and_after_an_outage_end_nothing(
    watch: TopicWatch, cluster: Cluster, clock: Clock
) -> None:
    for answer in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._TRANSPORT, KafkaError.UNKNOWN_TOPIC_OR_PART):
        cluster.answers = answer
        look_twice(watch, clock, MISSING_SECONDS + 1)
    assert watch.missing
