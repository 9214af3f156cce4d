"""The one table of refusals: what makes a record a dead letter, whoever refuses it.

Five can refuse a record: our own strict reading of an event (`kafka/event_json.py` checks it), the declaration of its
feed (the ingest API checks it), MongoDB, Elasticsearch, and the Kafka cluster that a record is mirrored to. A refusal
that is not in this table is about the server, never about the record.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from confluent_kafka import KafkaError

from kafka.scrubbing.scrub import scrubbed_text


class Reason(StrEnum):
    """Why a record is a dead letter."""

    NULL_VALUE = "null_value"
    EMPTY_VALUE = "empty_value"
    INVALID_UTF8 = "invalid_utf8"
    NOT_JSON = "not_json"
    NOT_A_NUMBER = "nan_or_infinity"
    LONE_SURROGATE = "lone_surrogate"
    NOT_AN_OBJECT = "not_an_object"
    INTEGER_OUT_OF_RANGE = "integer_out_of_range"
    REFUSED_KEY = "refused_key"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    REFUSED_BY_MONGODB = "refused_by_mongodb"
    REFUSED_BY_ELASTICSEARCH = "refused_by_elasticsearch"
    REFUSED_BY_DESTINATION = "refused_by_destination"
    HEADER_NAME = "header_name_not_utf8"
    AGAINST_DECLARATION = "against_declaration"


class EventError(ValueError):
    """The record itself is bad: trying again cannot help, so it becomes a dead letter with `reason`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


MONGODB_DUPLICATE_KEY = 11000
_MONGODB_TOO_LARGE = {10334, 17280, 17419, 17420}
"""BSONObjectTooLarge, KeyTooLong, and a document that grew beyond the limit (MongoDB error_codes.yml)."""
_MONGODB_DOCUMENT_FAULTS = {
    15,  # Overflow: more levels of nesting than may be stored
    22,  # InvalidBSON
    52,  # DollarPrefixedFieldName, until MongoDB 5
    53,  # InvalidIdField
    55,  # InvalidDBRef, until MongoDB 5
    56,  # EmptyFieldName
    57,  # DottedFieldName
    116,  # DocTooLargeForCapped
    121,  # DocumentValidationFailure
    171,  # CannotIndexParallelArrays
    201,  # CannotBuildIndexKeys
    16755,  # a value that is no location, under a geographic index
    16766,  # an array, under a hashed index
    17261,  # a language that is no text, under a text index
    17262,  # an unknown language, under a text index
}
_MONGODB_BAD_VALUE = 2  # many faults share this code: the words must say which
_MONGODB_BAD_VALUE_WORDS = ("object to insert too large",)


def refused_by_mongodb(code: int | None, words: str, key_pattern: Mapping[str, object] | None) -> EventError | None:
    """What a write error says of the document; None where it says nothing of it, so that the server is at fault.

    `code` and `words` are the error's `code` and `errmsg`, `key_pattern` the index of a duplicate key. The caller has
    told apart the duplicate `_id`: that document is there already.
    """
    detail = scrubbed_text(f"code {code}: {words}")
    too_large = code == _MONGODB_BAD_VALUE and words.startswith(_MONGODB_BAD_VALUE_WORDS)
    if code in _MONGODB_TOO_LARGE or too_large:
        return EventError(Reason.TOO_LARGE, detail)
    duplicate = code == MONGODB_DUPLICATE_KEY and key_pattern is not None
    if code in _MONGODB_DOCUMENT_FAULTS or duplicate:
        return EventError(Reason.REFUSED_BY_MONGODB, detail)
    return None


_ELASTICSEARCH_DOCUMENT_FAULTS = {"document_parsing_exception", "max_bytes_length_exceeded_exception"}
"""Raised while a document is parsed or its terms are written, and by nothing else (Elasticsearch from 8.8)."""
_ELASTICSEARCH_AMBIGUOUS = {"mapper_parsing_exception", "illegal_argument_exception"}
"""Raised for documents (before 8.8), but for mappings, settings, aliases and limits of an index as well."""
_ELASTICSEARCH_WORDS_ABOUT_A_DOCUMENT = ("in document with id", "Document contains at least one immense term")
_HTTP_BAD_REQUEST = 400


def refused_by_elasticsearch(status: int, error: Mapping[str, Any]) -> EventError | None:
    """What the outcome of one bulk item says of the document; None where the server, or its set-up, is at fault.

    `error` is the item's `error` object: `type`, `reason`, and `caused_by` of the same shape.
    """
    if status != _HTTP_BAD_REQUEST:
        return None
    kind, words = error.get("type"), elasticsearch_words(error)
    told = any(evidence in words for evidence in _ELASTICSEARCH_WORDS_ABOUT_A_DOCUMENT)
    if kind in _ELASTICSEARCH_DOCUMENT_FAULTS or (kind in _ELASTICSEARCH_AMBIGUOUS and told):
        return EventError(Reason.REFUSED_BY_ELASTICSEARCH, scrubbed_text(words))
    return None


def elasticsearch_words(error: Mapping[str, Any]) -> str:
    """An error object in one line: `type: reason (reason of the cause)`."""
    cause = (error.get("caused_by") or {}).get("reason")
    return f"{error.get('type')}: {error.get('reason')}" + (f" ({cause})" if cause else "")


KAFKA_RECORD_FAULTS = frozenset(
    {
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.MSG_SIZE_TOO_LARGE,  # librdkafka's own limit has the same code
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_TIMESTAMP,
        KafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT,
        KafkaError.INVALID_RECORD,
    }
)
"""Answers to a ProduceRequest that are about its records (https://kafka.apache.org/protocol#protocol_error_codes).

Not CORRUPT_MESSAGE, which is about the batch on its way: librdkafka repeats it."""
