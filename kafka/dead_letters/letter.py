"""Dead letters: records that are bad in themselves, kept with reason and origin in a topic of their own.

Key `stage:position`; value the original bytes (null stays null); headers as in `DeadLetter`, and each original
header under its name with `ORIGINAL_HEADER` before it. Written before the consumer's offsets are committed, so a
killed consumer may write one twice: count distinct keys. What became of a letter, `kafka/dead_letters/index.py` says.
"""

import base64
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from confluent_kafka import Message

from config.kafka_client import ClientConfig
from kafka.dead_letter_reasons import EventError, Reason
from kafka.log_reader import log_ranges, read_ranges
from kafka.position import BusPosition, bus_position, parse_position
from kafka.record_headers import UnreadableHeadersError, read_headers
from kafka.record_time import earliest_ms
from kafka.topics import TopicIdentity

if TYPE_CHECKING:
    from confluent_kafka._types import HeadersType

logger = logging.getLogger(__name__)

Headers = list[tuple[str, str | bytes | None]]
Place = tuple[int, int]
"""Partition and offset of a record in the topic of dead letters."""

MIRROR = "mirror"
"""The stage whose positions are the source's; every other one but the API reads the local bus."""
API = "api"
"""The stage whose letters were never on a bus: topic and partition are those that the event was for, the offset is a
number of 63 bits, made of its bytes, the key it came with and the day."""
BUS, SOURCE = "bus", "source"
ORIGINAL_HEADER = "original-header-"
ORIGINAL_HEADERS = "original-headers"
"""All original headers as JSON, `[[name, value or null], ...]` in base64: where a name is one the client cannot write.

It hands names to librdkafka as C strings: bytes that are no UTF-8 end the process, and a NUL ends the name.
"""
REPLAY_HEADER = "millrace-replay-of"
"""Header of a record published again: the origin that it had as a dead letter. Of several, the first was the first."""
REPLAYED_INTO_HEADER = "millrace-replayed-into"
"""Header behind that one: the topic that the record was published into, by its id.

A source that another Millrace writes has such records, too; copied by the mirror, they name that topic. Where a broker
tells no ids, and in copies of earlier versions, it is `CLUSTER_ID:TOPIC`.
"""
_FETCH: ClientConfig = {
    # A fetch is held unpacked: of 1 MB, the default, lz4 makes up to 255. One record is always sent, however large.
    "fetch.message.max.bytes": 64 * 1024,
}
PENDING, REPLAYED, ERASED, EXPIRED = "pending", "replayed", "erased", "expired"


class Origin(NamedTuple):
    """Where a refused record stands: on the local bus, or at the source, whose topic mostly has the same name.

    The cluster `api` is that of events that the ingest API did not let onto the bus. At the source, `cluster` ends with
    the topic's id where it has one, `source/<id>`: made anew, positions begin again.
    """

    cluster: str
    position: BusPosition

    def __str__(self) -> str:
        text = bus_position(*self.position)
        return text if self.cluster == BUS else f"{self.cluster}:{text}"


def parse_origin(text: str) -> Origin:
    """The origin that was written as `text`: a position, or `api:`, `source:` or `source/<id>:` and one.

    Raises ValueError for any other text.
    """
    cluster, _, position = text.partition(":")
    # A topic's name holds no colon, so this is not a position of a topic that is called source.
    if (cluster == API or cluster.split("/")[0] == SOURCE) and text.count(":") == 3:
        return Origin(cluster, parse_position(position))
    return Origin(BUS, parse_position(text))


@dataclass(frozen=True)
class DeadLetter:
    """One bad record: where it stood, why it is dead, and all that is needed to publish it again.

    Header names are text; bytes in them that are no UTF-8 are lone surrogates (Python's `surrogateescape`). `topic_id`
    is that of the source topic, empty where a broker has none and for what stands on the local bus.
    """

    stage: str
    position: BusPosition
    reason: str
    detail: str
    status: str
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    topic_id: str = ""

    @property
    def bus_position(self) -> str:
        """The position as text."""
        return bus_position(*self.position)

    @property
    def origin(self) -> Origin:
        """The cluster and position of the record."""
        if self.stage != MIRROR:
            return Origin(API if self.stage == API else BUS, self.position)
        return Origin(source_cluster(self.topic_id), self.position)

    @property
    def record_key(self) -> bytes:
        """The key in the topic of dead letters: one for each stage and position of a log."""
        stage = f"{self.stage}/{self.topic_id}" if self.topic_id else self.stage
        return f"{stage}:{self.bus_position}".encode()

    @property
    def recorded_ms(self) -> int:
        """When the record was recorded, which of a copy with the present time a header tells."""
        return earliest_ms(self.timestamp_ms, self.headers)

    @property
    def size(self) -> int:
        """Bytes of the record: key, value and headers."""
        headers = sum(len(name) + len(value or b"") for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers

    def record_headers(self) -> Headers:
        """The headers in the topic of dead letters."""
        described = {
            "stage": self.stage,
            "topic": self.position.topic,
            "partition": str(self.position.partition),
            "offset": str(self.position.offset),
            "reason": self.reason,
            "detail": self.detail[:1000],
            "status": self.status,
            "original-timestamp": str(self.timestamp_ms),
        }
        headers: Headers = [(name, text.encode("utf-8", "backslashreplace")) for name, text in described.items()]
        if self.topic_id:
            headers.append(("topic-id", self.topic_id.encode()))
        if self.key is not None:
            headers.append(("original-key", self.key))
        if all(map(is_writable, (name for name, _ in self.headers))):
            return headers + [(ORIGINAL_HEADER + name, value) for name, value in self.headers]
        return [*headers, (ORIGINAL_HEADERS, _as_json(self.headers))]


def source_cluster(topic_id: str) -> str:
    """The `cluster` of origins in the source topic of this id."""
    return f"{SOURCE}/{topic_id}" if topic_id else SOURCE


def is_writable(name: str) -> bool:
    """Whether the client can write a header of this name as it is."""
    return "\0" not in name and not any("\ud800" <= character <= "\udfff" for character in name)


def dead_letter_of(message: Message, stage: str, error: EventError) -> DeadLetter:
    """The dead letter that `stage` writes for a record it cannot store."""
    return DeadLetter(
        stage=stage,
        position=BusPosition(message.topic() or "", message.partition() or 0, message.offset() or 0),
        reason=error.reason,
        detail=error.detail,
        status=PENDING,
        timestamp_ms=message.timestamp()[1],
        key=message.key(),
        value=message.value(),
        # Of a record that is dead for its header's name, none can be read.
        headers=[] if error.reason == Reason.HEADER_NAME else _pairs(read_headers(message)),
    )


def without_record(letter: DeadLetter, status: str = ERASED) -> DeadLetter:
    """A dead letter that still counts, and says nothing of the record."""
    return replace(letter, key=None, value=None, headers=[], detail=status, status=status)


def read_dead_letters(config: ClientConfig, topic: str) -> Iterator[DeadLetter]:
    """Every record of the topic, oldest first within a partition; one letter may come several times."""
    return (letter for _, letter in read_placed(config, topic, log_ranges(config, topic)))


def read_placed(
    config: ClientConfig, topic: str, ranges: Mapping[int, tuple[int, int]]
) -> Iterator[tuple[Place, DeadLetter]]:
    """Every letter in the ranges, one at a time, with its place; raises as `read_ranges`."""
    for message in read_ranges({**config, **_FETCH}, topic, ranges):
        place = (message.partition() or 0, message.offset() or 0)
        try:
            letter = letter_of(message)
        except (LookupError, ValueError) as error:
            logger.warning("a record is no dead letter topic=%s partition=%d offset=%d error=%r", topic, *place, error)
        else:
            yield place, letter


def letter_of(message: Message) -> DeadLetter:
    """The letter in a record of a topic of dead letters; raises LookupError or ValueError for any other record."""
    headers = _pairs(read_headers(message))
    # Ours come first: an original header of any name stands behind them, with a prefix.
    ours = {name: value for name, value in reversed(headers) if isinstance(value, bytes)}
    encoded = ours.get(ORIGINAL_HEADERS)
    original = [
        (name.removeprefix(ORIGINAL_HEADER), value) for name, value in headers if name.startswith(ORIGINAL_HEADER)
    ]
    return DeadLetter(
        stage=ours["stage"].decode(),
        position=BusPosition(ours["topic"].decode(), int(ours["partition"]), int(ours["offset"])),
        reason=ours["reason"].decode(),
        detail=ours["detail"].decode(),
        status=ours["status"].decode(),
        timestamp_ms=int(ours["original-timestamp"]),
        key=ours.get("original-key"),
        value=message.value(),
        headers=original if encoded is None else _from_json(encoded),
        topic_id=ours.get("topic-id", b"").decode(),
    )


def _as_json(headers: Headers) -> bytes:
    pairs = [(_base64(name.encode("utf-8", "surrogateescape")), _base64(value)) for name, value in headers]
    return json.dumps(pairs).encode()


def _from_json(encoded: bytes) -> Headers:
    pairs = [(base64.b64decode(name), value) for name, value in json.loads(encoded)]
    return [
        (name.decode("utf-8", "surrogateescape"), None if value is None else base64.b64decode(value))
        for name, value in pairs
    ]


def _base64(value: str | bytes | None) -> str | None:
    if value is None:
        return None
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def headers_of(message: Message) -> Headers | None:
    """The headers of a record, None where it has none; raises EventError where a name is not UTF-8."""
    try:
        headers = read_headers(message)
    except UnreadableHeadersError as error:
        raise EventError(Reason.HEADER_NAME, "a header's name is not UTF-8: the client cannot read it") from error
    return None if headers is None else _pairs(headers)


def replay_headers(origin: Origin, into: TopicIdentity) -> Headers:
    """What a record from `origin` is marked with when it is published again into a topic."""
    place = into.topic_id or _by_name(into)
    return [(REPLAY_HEADER, str(origin).encode()), (REPLAYED_INTO_HEADER, place.encode())]


def replayed_from(message: Message, read_from: TopicIdentity) -> str | None:
    """The origin that a record had as a dead letter; None for one that was not published again where it stands.

    Headers of earlier versions count: those that name cluster and topic, and those that name no place.
    """
    try:
        headers = _pairs(read_headers(message))
    except UnreadableHeadersError:  # a name that is not UTF-8: a copy has none, it has escapes
        return None
    here = {place.encode() for place in (read_from.topic_id, _by_name(read_from)) if place}
    for (name, origin), behind in pairwise([*headers, ("", None)]):
        is_of_here = behind[0] != REPLAYED_INTO_HEADER or behind[1] in here
        if name == REPLAY_HEADER and isinstance(origin, bytes) and is_of_here:
            return origin.decode("utf-8", "replace")
    return None


def _by_name(topic: TopicIdentity) -> str:
    return f"{topic.cluster_id}:{topic.topic}"


def _pairs(headers: "HeadersType | None") -> Headers:
    pairs = headers.items() if isinstance(headers, dict) else headers or []
    return list(pairs)
