"""The topic that is mirrored to accepts what the source accepted, and keeps what an operator chose."""

from concurrent.futures import Future
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException

from config.settings import KafkaSettings
from kafka.mirror.topics import (
    LARGEST_BATCH_BYTES,
    PartitionsMissingError,
    add_partitions,
    mirrored_topic_config,
    missing_settings,
)
from kafka.topics import LARGEST_RECORD_BYTES, destination_config

WANTED = {**destination_config(KafkaSettings()), **mirrored_topic_config(1_048_588)}


@pytest.mark.parametrize("limit", [None, 1_048_588, 40 * 2**20, 2**31 - 1])
def test_the_limit_is_never_below_the_sources_nor_above_what_a_request_holds(limit: int | None) -> None:
    chosen = int(mirrored_topic_config(limit)["max.message.bytes"])
    assert LARGEST_RECORD_BYTES <= chosen <= LARGEST_BATCH_BYTES
    assert chosen >= min(limit or 0, LARGEST_BATCH_BYTES)


def test_a_topic_that_suffices_is_left_alone() -> None:
    found = {name: (value, True) for name, value in WANTED.items()}
    found["max.message.bytes"] = (str(LARGEST_BATCH_BYTES), False)
    assert missing_settings(WANTED, found) == {}


def test_what_refuses_records_is_widened_and_a_chosen_retention_kept() -> None:
    found = {
        "message.timestamp.after.max.ms": ("3600000", True),
        "retention.ms": ("604800000", True),
        "retention.bytes": ("1000", False),
    }
    missing = missing_settings(WANTED, found)
    assert set(missing) == {"message.timestamp.after.max.ms", "retention.bytes"}


class Refusing:
    """An admin client whose request for more partitions is refused."""

    def __init__(self, code: int) -> None:
        self._code = code

    def create_partitions(self, wanted: list[Any], request_timeout: float) -> "dict[str, Future[None]]":
        answer: Future[None] = Future()
        answer.set_exception(KafkaException(KafkaError(self._code)))
        return {"t": answer}


def test_partitions_that_another_mirror_has_added_meanwhile_are_there() -> None:
    add_partitions(cast(Any, Refusing(KafkaError.INVALID_PARTITIONS)), "t", 1, 3, "mirroring")


def test_partitions_that_may_not_be_added_are_a_persons_to_add() -> None:
    with pytest.raises(PartitionsMissingError, match="t has 1 partitions, the source 3"):
        add_partitions(cast(Any, Refusing(KafkaError.TOPIC_AUTHORIZATION_FAILED)), "t", 1, 3, "mirroring")
