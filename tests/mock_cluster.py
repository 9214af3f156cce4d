"""librdkafka's in-process mock cluster: a Kafka that fails when a test says so.

It speaks the real protocol on loopback ports, so that confluent_kafka's clients and our stages run against it
unchanged. The functions are those of librdkafka's `rdkafka_mock.h`, reached by ctypes in the library that
confluent_kafka brings along. What it is not: there are no ACLs, no CreateTopics, no limits of record size or time,
and no control records, so that a reader of committed records sees those of aborted transactions as well. Refusals of
any of these are pushed with `fail`.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ctypes import POINTER, c_char_p, c_int, c_int16, c_int32, c_int64, c_size_t, c_ssize_t, c_void_p
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from types import TracebackType
from typing import Any, Literal, Self

from kafka.librdkafka import RdKafkaMessage, Signatures, load_library

DISCONNECT = -195
"""`RD_KAFKA_RESP_ERR__TRANSPORT`: pushed as an error, the broker closes the connection instead of answering."""
ALL_BROKERS = -1
FLUSH_MILLISECONDS = 10_000
_PRODUCER = 0
_COPY = 2
_NOT_YET_DELIVERED = (-1, -1)

Header = tuple[bytes, bytes | None]
"""Name and value; a name need not be UTF-8, as in the protocol."""


class Api(IntEnum):
    """Request types that faults are pushed for (https://kafka.apache.org/protocol#protocol_api_keys)."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    LEAVE_GROUP = 13
    SYNC_GROUP = 14
    API_VERSIONS = 18
    INIT_PRODUCER_ID = 22
    OFFSET_FOR_LEADER_EPOCH = 23
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    TXN_OFFSET_COMMIT = 28


class _Field(IntEnum):
    """`rd_kafka_vtype_t`: what the next arguments of `rd_kafka_producev` are."""

    END = 0
    TOPIC = 1
    PARTITION = 3
    VALUE = 4
    KEY = 5
    FLAGS = 7
    TIMESTAMP = 8
    HEADER = 9


_DELIVERED = ctypes.CFUNCTYPE(None, c_void_p, POINTER(RdKafkaMessage), c_void_p)
_SIGNATURES: Signatures = {
    "rd_kafka_conf_new": (c_void_p, ()),
    "rd_kafka_conf_set": (c_int, (c_void_p, c_char_p, c_char_p, c_char_p, c_size_t)),
    "rd_kafka_conf_set_dr_msg_cb": (None, (c_void_p, _DELIVERED)),
    "rd_kafka_new": (c_void_p, (c_int, c_void_p, c_char_p, c_size_t)),
    "rd_kafka_flush": (c_int, (c_void_p, c_int)),
    "rd_kafka_destroy": (None, (c_void_p,)),
    "rd_kafka_err2name": (c_char_p, (c_int,)),
    "rd_kafka_handle_mock_cluster": (c_void_p, (c_void_p,)),
    "rd_kafka_mock_cluster_bootstraps": (c_char_p, (c_void_p,)),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, (c_void_p, c_int32)),
    "rd_kafka_mock_topic_create": (c_int, (c_void_p, c_char_p, c_int, c_int)),
    "rd_kafka_mock_topic_delete": (c_int, (c_void_p, c_char_p)),
    "rd_kafka_mock_topic_set_error": (None, (c_void_p, c_char_p, c_int)),
    "rd_kafka_mock_partition_set_leader": (c_int, (c_void_p, c_char_p, c_int32, c_int32)),
    "rd_kafka_mock_partition_delete_records": (c_int, (c_void_p, c_char_p, c_int32, c_int64)),
    "rd_kafka_mock_coordinator_set": (c_int, (c_void_p, c_char_p, c_char_p, c_int32)),
    "rd_kafka_mock_set_apiversion": (c_int, (c_void_p, c_int16, c_int16, c_int16)),
    "rd_kafka_mock_broker_set_down": (c_int, (c_void_p, c_int32)),
    "rd_kafka_mock_broker_set_up": (c_int, (c_void_p, c_int32)),
    "rd_kafka_mock_broker_set_rtt": (c_int, (c_void_p, c_int32, c_int)),
    "rd_kafka_mock_push_request_errors_array": (None, (c_void_p, c_int16, c_size_t, POINTER(c_int))),
    "rd_kafka_mock_clear_request_errors": (None, (c_void_p, c_int16)),
    "rd_kafka_mock_start_request_tracking": (None, (c_void_p,)),
    "rd_kafka_mock_clear_requests": (None, (c_void_p,)),
    "rd_kafka_mock_get_requests": (POINTER(c_void_p), (c_void_p, POINTER(c_size_t))),
    "rd_kafka_mock_request_destroy_array": (None, (POINTER(c_void_p), c_size_t)),
    "rd_kafka_mock_request_id": (c_int32, (c_void_p,)),
    "rd_kafka_mock_request_api_key": (c_int16, (c_void_p,)),
}
"""Result and arguments of each function that is called; two with variable arguments are declared where called."""


@cache
def _library() -> ctypes.CDLL:
    """The librdkafka that confluent_kafka itself runs on, so that both are of one version."""
    return load_library(_SIGNATURES)


class MockClusterError(Exception):
    """librdkafka refused what the test asked of the mock cluster."""


@dataclass(frozen=True)
class Request:
    """A request that a broker received."""

    broker: int
    api: int
    """A member of `Api`, or the number of a request type that has no name there."""


class MockCluster:
    """A cluster of `brokers` mock brokers (ids from 1) that lives while its `with` block runs.

    Groups form without the 3 s that brokers wait for more members; one that a member has left forms again after the
    `session.timeout.ms` of its members less 1 s.
    """

    def __init__(self, brokers: int = 1) -> None:
        self._brokers = brokers
        self._rdkafka = _library()
        self._delivered = _NOT_YET_DELIVERED

    def __enter__(self) -> Self:
        rdkafka, error = self._rdkafka, ctypes.create_string_buffer(512)
        properties = {"test.mock.num.brokers": self._brokers, "log_level": 0, "linger.ms": 0}
        conf = rdkafka.rd_kafka_conf_new()
        for name, value in properties.items():
            if rdkafka.rd_kafka_conf_set(conf, name.encode(), str(value).encode(), error, len(error)) != 0:
                raise MockClusterError(error.value.decode())
        # Kept: librdkafka calls it for as long as the producer lives.
        self._on_delivery = _DELIVERED(self._note_delivery)
        rdkafka.rd_kafka_conf_set_dr_msg_cb(conf, self._on_delivery)
        self._producer = rdkafka.rd_kafka_new(_PRODUCER, conf, error, len(error))
        if not self._producer:
            raise MockClusterError(error.value.decode())
        self._cluster = rdkafka.rd_kafka_handle_mock_cluster(self._producer)
        rdkafka.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The mock cluster belongs to the producer and ends with it.
        self._rdkafka.rd_kafka_destroy(self._producer)

    @property
    def bootstrap_servers(self) -> str:
        """host:port of every broker, comma-separated."""
        address: bytes = self._rdkafka.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return address.decode()

    @property
    def client(self) -> dict[str, Any]:
        """librdkafka properties of a client that needs no login; the test adds its own."""
        return {"bootstrap.servers": self.bootstrap_servers, "log_level": 0}

    def create_topic(self, name: str, partitions: int, replication: int = 1) -> None:
        """Make a topic; a client that asks for one that is not there makes it with four partitions."""
        self._check(self._rdkafka.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, replication))

    def delete_topic(self, name: str) -> None:
        """Delete a topic; made anew, it has another id."""
        self._check(self._rdkafka.rd_kafka_mock_topic_delete(self._cluster, name.encode()))

    def delete_records(self, topic: str, partition: int, before: int) -> None:
        """Delete a partition's records below the offset `before`, as retention does."""
        name = topic.encode()
        self._check(self._rdkafka.rd_kafka_mock_partition_delete_records(self._cluster, name, partition, before))

    def produce(
        self,
        topic: str,
        partition: int,
        value: bytes | None,
        key: bytes | None = None,
        headers: Sequence[Header] = (),
        timestamp_ms: int = 0,
    ) -> int:
        """Write one record and return its offset; a timestamp of 0 is now.

        Raises MockClusterError when it is refused, by an error that was pushed for PRODUCE, too.
        """
        arguments: list[Any] = [_Field.TOPIC, c_char_p(topic.encode()), _Field.PARTITION, c_int32(partition)]
        arguments += [_Field.FLAGS, c_int(_COPY), _Field.TIMESTAMP, c_int64(timestamp_ms)]
        arguments += [_Field.VALUE, c_char_p(value), c_size_t(len(value or b""))]
        arguments += [_Field.KEY, c_char_p(key), c_size_t(len(key or b""))]
        for name, content in headers:
            arguments += [_Field.HEADER, c_char_p(name), c_char_p(content), c_ssize_t(len(content or b""))]
        plain = [c_int(each) if isinstance(each, _Field) else each for each in arguments]
        self._delivered = _NOT_YET_DELIVERED
        self._check(self._rdkafka.rd_kafka_producev(c_void_p(self._producer), *plain, c_int(_Field.END)))
        self._check(self._rdkafka.rd_kafka_flush(self._producer, FLUSH_MILLISECONDS))
        error, offset = self._delivered
        self._check(error)
        return offset

    def _note_delivery(self, producer: int, message: Any, opaque: int) -> None:
        self._delivered = (message.contents.err, message.contents.offset)

    def fail(self, api: Api, *codes: int) -> None:
        """Answer the next requests of a type with these codes, one each (0 answers one as usual).

        Codes are those of confluent_kafka.KafkaError; `DISCONNECT` closes the connection.
        """
        errors = (c_int * len(codes))(*codes)
        self._rdkafka.rd_kafka_mock_push_request_errors_array(self._cluster, api, len(codes), errors)

    def heal(self, api: Api) -> None:
        """Forget the codes of `fail` that no request has met yet."""
        self._rdkafka.rd_kafka_mock_clear_request_errors(self._cluster, api)

    def answer_late(self, api: Api, milliseconds: int, code: int = 0, broker: int = 1) -> None:
        """Answer the next request of a type at one broker that much later, with the code."""
        push = self._rdkafka.rd_kafka_mock_broker_push_request_error_rtts
        cluster, count = c_void_p(self._cluster), c_size_t(1)
        self._check(push(cluster, c_int32(broker), c_int16(api), count, c_int(code), c_int(milliseconds)))

    def support(self, api: Api, oldest: int, newest: int) -> None:
        """Speak only these versions of a request type, as an older broker does; -1 and -1 for none."""
        self._check(self._rdkafka.rd_kafka_mock_set_apiversion(self._cluster, api, oldest, newest))

    def broker_down(self, broker: int = ALL_BROKERS) -> None:
        """Close the connections of one broker or all and refuse new ones; leaders stay where they are."""
        self._check(self._rdkafka.rd_kafka_mock_broker_set_down(self._cluster, broker))

    def broker_up(self, broker: int = ALL_BROKERS) -> None:
        """Take connections again."""
        self._check(self._rdkafka.rd_kafka_mock_broker_set_up(self._cluster, broker))

    @contextmanager
    def outage(self, broker: int = ALL_BROKERS) -> Iterator[None]:
        """One broker or all are away while the body runs."""
        self.broker_down(broker)
        try:
            yield
        finally:
            self.broker_up(broker)

    def set_round_trip(self, milliseconds: int, broker: int = ALL_BROKERS) -> None:
        """Delay every answer of one broker or all."""
        self._check(self._rdkafka.rd_kafka_mock_broker_set_rtt(self._cluster, broker, milliseconds))

    def set_topic_error(self, topic: str, code: int) -> None:
        """Answer Metadata and AddPartitionsToTxn requests for a topic with a code; 0 ends that."""
        self._rdkafka.rd_kafka_mock_topic_set_error(self._cluster, topic.encode(), code)

    def set_leader(self, topic: str, partition: int, broker: int) -> None:
        """Move a partition to another broker; -1 leaves it without a leader."""
        name = topic.encode()
        self._check(self._rdkafka.rd_kafka_mock_partition_set_leader(self._cluster, name, partition, broker))

    def set_coordinator(self, kind: Literal["group", "transaction"], identity: str, broker: int) -> None:
        """Name the broker that coordinates a group id or a transactional id."""
        names = kind.encode(), identity.encode()
        self._check(self._rdkafka.rd_kafka_mock_coordinator_set(self._cluster, *names, broker))

    @contextmanager
    def requests(self) -> Iterator[Callable[[], list[Request]]]:
        """Track requests from here on; what is yielded returns those received so far, in their order."""
        self._rdkafka.rd_kafka_mock_clear_requests(self._cluster)
        self._rdkafka.rd_kafka_mock_start_request_tracking(self._cluster)
        try:
            yield self._received
        finally:
            self._rdkafka.rd_kafka_mock_stop_request_tracking(c_void_p(self._cluster))

    def _received(self) -> list[Request]:
        rdkafka, count = self._rdkafka, c_size_t()
        received = rdkafka.rd_kafka_mock_get_requests(self._cluster, ctypes.byref(count))
        try:
            return [
                Request(rdkafka.rd_kafka_mock_request_id(each), rdkafka.rd_kafka_mock_request_api_key(each))
                for each in received[: count.value]
            ]
        finally:
            rdkafka.rd_kafka_mock_request_destroy_array(received, count)

    def _check(self, code: int) -> None:
        if code != 0:
            raise MockClusterError(self._rdkafka.rd_kafka_err2name(code).decode())
