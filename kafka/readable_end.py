"""Up to where a bounded run reads: everything whose commit was acknowledged before it began.

A broker acknowledges the commit of a transaction before readers of committed records see it: the marks that end it are
written afterwards (KIP-98, "the transaction coordinator"). Who took the last stable offset as the end, right behind a
mirror that has ended, would miss its last transaction.
"""

import logging
import time
from collections.abc import Iterable
from threading import Event

from confluent_kafka import Consumer

from config.kafka_client import ClientConfig
from kafka.log_reader import log_ranges
from kafka.partition_range import partition_ranges

logger = logging.getLogger(__name__)

OPEN_SECONDS = 5.0
"""Marks follow a commit within milliseconds, and a mirror that runs commits each second."""
SECONDS_BETWEEN_QUESTIONS = 0.05


def readable_ends(
    consumer: Consumer, config: ClientConfig, topic: str, partitions: Iterable[int], seconds: float, stop: Event
) -> dict[int, int]:
    """By partition, an end for `consumer` of committed records, at or behind the end of the log as of the call.

    A transaction that stays open longer than OPEN_SECONDS, and as long as the questions under way then take, is told:
    what stands behind it is left to a later run. `seconds` bounds each question. Raises what `log_ranges` and
    `partition_ranges` raise.
    """
    places = tuple(partitions)
    log_ends = {partition: end for partition, (_, end) in log_ranges(config, topic, seconds).items()}
    until = time.monotonic() + OPEN_SECONDS
    ends = _ends(consumer, config, topic, places, seconds)
    while behind := {p: log_ends[p] - ends[p] for p in places if ends[p] < log_ends.get(p, 0)}:
        if time.monotonic() >= until:
            break
        if stop.wait(SECONDS_BETWEEN_QUESTIONS):
            return ends
        ends |= _ends(consumer, config, topic, behind, seconds)
    for partition, offsets in behind.items():
        logger.warning(
            "a transaction is open topic=%s partition=%d at=%d: the %d offsets from there are left to a later run",
            topic,
            partition,
            ends[partition],
            offsets,
        )
    return ends


def _ends(
    consumer: Consumer, config: ClientConfig, topic: str, partitions: Iterable[int], seconds: float
) -> dict[int, int]:
    return {p: end for p, (_, end) in partition_ranges(consumer, config, topic, partitions, seconds).items()}
