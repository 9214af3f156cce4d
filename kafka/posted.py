"""Records that the ingest API wrote to the local bus: beside those of the mirror, and told apart by a header."""

from confluent_kafka import Message

from kafka.dead_letters.letter import Headers
from kafka.record_headers import UnreadableHeadersError, read_headers
from kafka.topics import TopicIdentity

POSTED_INTO_HEADER = "millrace-posted-into"
"""The topic that the API wrote the record into, by its id: a copy that another Millrace's mirror makes is no post."""
SENT_BY_HEADER = "millrace-sent-by"
"""The id of the key that it came with, which is no secret."""


def posted_headers(topic_id: str, key_id: str) -> Headers:
    """What the API marks a record with."""
    return [(POSTED_INTO_HEADER, topic_id.encode()), (SENT_BY_HEADER, key_id.encode())]


def is_posted(message: Message, read_from: TopicIdentity) -> bool:
    """Whether the API wrote the record where it stands."""
    return sent_by(message, read_from) is not None


def sent_by(message: Message, read_from: TopicIdentity) -> str | None:
    """The id of the key that the record was posted with; None for one that was not posted where it stands."""
    try:
        headers = read_headers(message)
    except UnreadableHeadersError:  # a name that is not UTF-8: the API writes none
        return None
    pairs = list(headers.items() if isinstance(headers, dict) else headers or [])
    if (POSTED_INTO_HEADER, read_from.topic_id.encode()) not in pairs:
        return None
    sent = (value for name, value in pairs if name == SENT_BY_HEADER and isinstance(value, bytes))
    return next(sent, b"").decode("utf-8", "replace")
