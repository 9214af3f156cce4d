"""Errors of Kafka clients as one line a person can act on, and topics looked up with them."""

import logging
import time
from collections.abc import Hashable
from typing import TYPE_CHECKING, Protocol, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException

from config.errors import NO_ANSWER, AccessError, MillraceError, TerminalError, UnavailableError
from config.kafka_client import ClientConfig, LoginConfig
from kafka.waiting import Waiting
from kafka.watchdog import begun_anew

if TYPE_CHECKING:  # the admin module is not free to import, and the mirror's first record is due within 2 s
    from concurrent.futures import Future

    from confluent_kafka.admin._metadata import ClusterMetadata, TopicMetadata

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")

_WRONG_LOGIN = {KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED}
_MISSING_ACL = {
    KafkaError.GROUP_AUTHORIZATION_FAILED: "the consumer group",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "the cluster",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "the transactional id",
}
_MISSING_TOPIC = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
}
_FENCED = {KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH}
_AWAY = {
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._RESOLVE,
    KafkaError._TIMED_OUT,
    KafkaError._TIMED_OUT_QUEUE,
    KafkaError._MSG_TIMED_OUT,
    KafkaError._WAIT_COORD,
    KafkaError._NO_OFFSET,
    KafkaError._DESTROY,
    KafkaError._RETRY,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.BROKER_NOT_AVAILABLE,
    KafkaError.REPLICA_NOT_AVAILABLE,
    KafkaError.NETWORK_EXCEPTION,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.NOT_ENOUGH_REPLICAS,
    KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    KafkaError.NOT_CONTROLLER,
    KafkaError.KAFKA_STORAGE_ERROR,
    KafkaError.CONCURRENT_TRANSACTIONS,
}
_ASKED_WRONGLY = {
    KafkaError._INVALID_ARG,
    KafkaError._INVALID_TYPE,
    KafkaError._NOT_IMPLEMENTED,
    KafkaError._NOT_CONFIGURED,
    KafkaError._UNSUPPORTED_FEATURE,
    KafkaError._CRIT_SYS_RESOURCE,
    KafkaError._SSL,
    KafkaError._FATAL,
    KafkaError.UNSUPPORTED_VERSION,
    KafkaError.UNSUPPORTED_SASL_MECHANISM,
    KafkaError.ILLEGAL_SASL_STATE,
    KafkaError.TOPIC_EXCEPTION,
    KafkaError.INVALID_PARTITIONS,
    KafkaError.INVALID_REPLICATION_FACTOR,
    KafkaError.INVALID_REPLICA_ASSIGNMENT,
    KafkaError.INVALID_CONFIG,
    KafkaError.INVALID_GROUP_ID,
    KafkaError.INVALID_REQUIRED_ACKS,
    KafkaError.INVALID_TRANSACTION_TIMEOUT,
    KafkaError.TOPIC_ALREADY_EXISTS,
    KafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT,
    KafkaError.DELEGATION_TOKEN_EXPIRED,
}
"""What the same question gets again, whenever it is put. A code that no table names is the server's, and passes."""
PRODUCER: ClientConfig = {
    "compression.type": "lz4",
    # The topic's limit decides, after compression; the client's default of 1 MB would refuse first.
    "message.max.bytes": 100_000_000,
    # The number of records bounds the memory; the bytes must leave room for the largest single one, which has no more
    # than message.max.bytes: in a smaller queue it would never have a place.
    "queue.buffering.max.kbytes": 96 * 1024,
}
"""What every producer sets, so that what one of them has written another can write again."""


class MissingTopicError(TerminalError):
    """The topic, or the partition, does not exist."""


class MetadataClient(Protocol):
    """A consumer, a producer or an admin client."""

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> "ClusterMetadata": ...

    def poll(self, timeout: float = -1) -> object: ...


def explain(error: KafkaError | KafkaException, doing: str) -> MillraceError:
    """The typed error for `error`; `doing` says what was tried and where: `reading product_views at host:port`."""
    kafka_error = _kafka_error(error)
    code = kafka_error.code()
    failed = f"{doing} failed"
    if code in _WRONG_LOGIN:
        return AccessError(f"{failed}: wrong user name or password ({kafka_error.str()})")
    if code == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        # Brokers do not tell a principal without ACL whether a topic is there.
        return AccessError(f"{failed}: the topic does not exist, or the principal has no permission: grant it the ACL")
    if code in _MISSING_ACL:
        return AccessError(f"{failed}: the principal has no permission on {_MISSING_ACL[code]}; grant it the ACL")
    if code in _MISSING_TOPIC:
        return MissingTopicError(f"{failed}: the topic or partition does not exist; create it or correct its name")
    if code in _FENCED:
        return TerminalError(f"{failed}: another process took over, or this one was away for too long; run only one")
    if code == KafkaError.MSG_SIZE_TOO_LARGE:
        return TerminalError(f"{failed}: a record is larger than the topic's max.message.bytes; raise it")
    if code in _ASKED_WRONGLY:
        return TerminalError(f"{failed}: {kafka_error.str()} ({kafka_error.name()})")
    if code in _AWAY or kafka_error.retriable() or kafka_error.txn_requires_abort():
        return UnavailableError(f"{failed}: {NO_ANSWER} ({kafka_error.str()})")
    return UnavailableError(f"{failed}: {kafka_error.str()} ({kafka_error.name()}); it may pass")


def answer_of(future: "Future[Answer]", seconds: float) -> Answer:
    """A broker's answer to an AdminClient that was asked with a limit of `seconds`.

    Raises KafkaException where there is none: what the client says, or, where it says nothing in time, that it is late.
    """
    try:
        return future.result(2 * seconds)
    except TimeoutError:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "no answer")) from None


def _kafka_error(error: KafkaError | KafkaException) -> KafkaError:
    if isinstance(error, KafkaError):
        return error
    first = error.args[0] if error.args else None
    return first if isinstance(first, KafkaError) else KafkaError(KafkaError._FAIL, str(error))


_OF_A_LOGIN = ("bootstrap.", "security.", "sasl.")
_logins_that_worked: set[Hashable] = set()


class RefusedLogin:
    """An `error_cb` that remembers a refused login.

    A metadata request made with a wrong password only times out; the reason arrives through this callback. Once a login
    `has_worked` a refusal is waited for: the client reports a broker that dies or is too busy in the middle of the
    handshake with the same code, and one whose passwords are being changed soon knows the new one. By the `config` of
    its client it knows of all logins of this process: one that has worked for another client has worked.
    """

    def __init__(self, config: ClientConfig) -> None:
        self.error: KafkaError | None = None
        variable = config.password_variable if isinstance(config, LoginConfig) else "the password"
        self._advice = f"check {variable} of user {config.get('sasl.username')}"
        self._login = frozenset((name, value) for name, value in config.items() if name.startswith(_OF_A_LOGIN))
        self._waiting = Waiting(logger, "a login that has worked is refused, and is tried again")

    @property
    def has_worked(self) -> bool:
        """Whether a broker has taken this login before, in this process or in the one that it goes on for."""
        return self._login in _logins_that_worked or begun_anew()

    def works(self) -> None:
        """A broker has answered whoever logged in so."""
        _logins_that_worked.add(self._login)

    def __call__(self, error: KafkaError) -> None:
        logger.debug("kafka client reports error=%s", error)
        if error.code() not in _WRONG_LOGIN:
            return
        if self.has_worked:
            self._waiting.because(error.str())
        else:
            self.error = KafkaError(error.code(), f"{self._advice}: {error.str()}")


def find_topic(
    client: MetadataClient, topic: str, refused: RefusedLogin, doing: str, timeout_seconds: float
) -> "TopicMetadata | None":
    """The topic's metadata, or None where there is none; asked for until `timeout_seconds` have passed.

    Creates nothing, even where the brokers make topics that clients ask for (auto.create.topics.enable). `refused` is
    the client's `error_cb`. Raises what `explain` makes of a refused login, a missing ACL or silence.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        problem: MillraceError
        try:
            found = _metadata(client, topic, min(2.0, max(0.1, deadline - time.monotonic())))
            if found is None or found.error is None:
                return found
            if found.error.code() in _MISSING_TOPIC:
                return None
            problem = explain(found.error, doing)
        except KafkaException as error:
            problem = explain(error, doing)
        client.poll(0)
        if refused.error is not None:
            raise explain(refused.error, doing)
        if not isinstance(problem, UnavailableError) or time.monotonic() >= deadline:
            raise problem
        time.sleep(0.1)


def _metadata(client: MetadataClient, topic: str, timeout_seconds: float) -> "TopicMetadata | None":
    """What the brokers say of `topic`.

    Only a consumer's request for one topic makes none (`allow.auto.create.topics` is false by default, and is a
    consumer's alone); producers and admin clients ask for all that they may see.
    """
    asked = topic if isinstance(client, Consumer) else None
    return client.list_topics(asked, timeout=timeout_seconds).topics.get(topic)


def describe_topic(
    client: MetadataClient, topic: str, refused: RefusedLogin, doing: str, timeout_seconds: float
) -> "TopicMetadata":
    """As `find_topic`, but a missing topic raises TerminalError, or AccessError where the client cannot tell why."""
    found = find_topic(client, topic, refused, doing, timeout_seconds)
    if found is None:
        # Who is given the list of all topics is not told of those that no ACL shows.
        is_told = isinstance(client, Consumer)
        code = KafkaError.UNKNOWN_TOPIC_OR_PART if is_told else KafkaError.TOPIC_AUTHORIZATION_FAILED
        raise explain(KafkaError(code), doing)
    return found
