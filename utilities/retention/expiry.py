"""Dead letters expire: what an old one tells of its record goes, and the letter stays counted."""

import time
from dataclasses import replace
from functools import partial
from typing import Annotated

from pydantic import Field

from config.operator_logins import OperatorKafkaSettings
from kafka.dead_letters.index import DeadLetterIndex
from kafka.dead_letters.letter import EXPIRED, PENDING, DeadLetter, read_dead_letters, without_record
from utilities.stores.dead_letters import rewrite_dead_letters

MILLISECONDS_A_DAY = 86_400_000


class DeadLetterSettings(OperatorKafkaSettings):
    """How long dead letters are kept whole."""

    dead_letter_days: Annotated[int, Field(ge=1)] = 90
    """Days after the record's own time that `./millrace retention --dead-letters` keeps a dead letter whole: then its
    bytes, key, headers and detail go, and it can no longer be replayed."""


def old_dead_letters(settings: DeadLetterSettings) -> int:
    """How many records of the topic of dead letters are to expire."""
    before_ms = _before_ms(settings)
    letters = read_dead_letters(settings.client(), settings.dead_letter_topic)
    return sum(is_old(letter, before_ms) for letter in letters)


def expire_dead_letters(settings: DeadLetterSettings) -> None:
    """Write every dead letter again, the old ones without key, bytes, headers and detail."""
    kept = partial(as_kept, before_ms=_before_ms(settings))
    rewrite_dead_letters(settings.client(), settings.dead_letter_topic, kept, "expiring")


def is_old(letter: DeadLetter, before_ms: int) -> bool:
    """Whether a letter still tells of a record from before that time; one without a time cannot be told young."""
    return letter.timestamp_ms < before_ms and letter.detail != letter.status


def as_kept(letter: DeadLetter, index: DeadLetterIndex, before_ms: int) -> DeadLetter:
    """What is written of a letter's newest record: with the status that counts, and of an old one that alone."""
    status = index.status(letter.origin)
    if letter.timestamp_ms < before_ms:
        return without_record(letter, EXPIRED if status == PENDING else status)
    return letter if status == PENDING else replace(letter, status=status)


def _before_ms(settings: DeadLetterSettings) -> int:
    return int(time.time() * 1000) - settings.dead_letter_days * MILLISECONDS_A_DAY
