"""The one table of refusals: what makes a record a dead letter, whoever refuses it.

Four can refuse a record: our own strict reading of an event (`kafka/event_json.py` checks it), MongoDB,
Elasticsearch, and the Kafka cluster that a record is mirrored to. A refusal that is not in this table is about the
server, never about the record.
"""

from enum import StrEnum


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


class EventError(ValueError):
    """The record itself is bad: trying again cannot help, so it becomes a dead letter with `reason`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


MONGODB_PASSING_CODES = frozenset(
    {6, 7, 24, 46, 50, 89, 91, 112, 133, 189, 262, 9001, 10107, 11600, 11602, 13388, 13435, 13436}
)
"""Codes of a server that is away, changing its primary or out of time, not of a bad document (MongoDB error_codes)."""
MONGODB_TOO_LARGE_CODES = frozenset({10334})

ELASTICSEARCH_DOCUMENT_FAULTS = frozenset(
    {
        "document_parsing_exception",
        "mapper_parsing_exception",
        "strict_dynamic_mapping_exception",
        "illegal_argument_exception",
        "max_bytes_length_exceeded_exception",
        "x_content_parse_exception",
        "parsing_exception",
        "parse_exception",
    }
)
"""Error types that are about the document; a refusal of an index or of the cluster would take every one along."""

# Kafka errors that are about the record, refused by the cluster that it is mirrored to: the mirror's entries.
