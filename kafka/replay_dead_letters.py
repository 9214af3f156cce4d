"""Publishes dead letters to the local topic again, once what was wrong with them or with us is mended.

    python -m kafka.replay_dead_letters [--stage STAGE] [--reason REASON] [--position POSITION] [--dry-run]

The record gets a new place on the bus and a header that names the old one. In the same transaction every dead letter
of that position is written again as replayed, so a position is published once, whichever stages refused it.
"""

import argparse
import logging
import sys
from collections import defaultdict
from dataclasses import replace
from itertools import islice

from confluent_kafka import KafkaException, Producer
from rich.table import Table

from config.command_line import run_command
from config.console import result_console
from config.errors import ConfigurationError
from config.kafka_client import ClientConfig
from config.operator_logins import OperatorKafkaSettings
from kafka.client import RefusedLogin, describe_topic, explain
from kafka.dead_letter_reasons import Reason
from kafka.dead_letters import PENDING, REPLAY_HEADER, REPLAYED, DeadLetter, read_dead_letters
from kafka.position import BusPosition, parse_position

logger = logging.getLogger("kafka.replay_dead_letters")

POSITIONS_PER_TRANSACTION = 500
CONNECT_SECONDS = 30.0
_PRODUCER: ClientConfig = {
    "transaction.timeout.ms": 60_000,
    "compression.type": "lz4",
    "message.max.bytes": 100_000_000,
}


class Ledger:
    """The dead letters of a topic: the newest record of each stage and position."""

    def __init__(self, letters: dict[tuple[str, BusPosition], DeadLetter]) -> None:
        self._by_position: dict[BusPosition, list[DeadLetter]] = defaultdict(list)
        for letter in letters.values():
            self._by_position[letter.position].append(letter)

    def pending(self, stage: str | None, reason: str | None, position: BusPosition | None) -> list[DeadLetter]:
        """Pending dead letters that fit all given filters, in order of position."""
        chosen = [
            letter
            for letters in self._by_position.values()
            for letter in letters
            if letter.status == PENDING
            and stage in (None, letter.stage)
            and reason in (None, letter.reason)
            and position in (None, letter.position)
        ]
        return sorted(chosen, key=lambda letter: (letter.position, letter.stage))

    def at(self, position: BusPosition) -> list[DeadLetter]:
        """What every stage wrote about one position."""
        return self._by_position[position]

    def published(self, position: BusPosition) -> bool:
        """Whether the record was published again before, for whichever stage."""
        return any(letter.status == REPLAYED for letter in self.at(position))


def replay(settings: OperatorKafkaSettings, options: argparse.Namespace) -> int:
    """Replay what the filters choose; returns how many records were published.

    Raises what `explain` makes of a refusal or of silence.
    """
    position = _position(options.position)
    config = settings.client()
    doing = f"replaying dead letters at {settings.kafka_brokers} as {settings.kafka_operator_username}"
    producer = None if options.dry_run else _fenced_producer(config, settings, doing)
    # After the fence: what another replay had under way is committed or aborted, and is read accordingly.
    letters = {(one.stage, one.position): one for one in read_dead_letters(config, settings.dead_letter_topic)}
    ledger = Ledger(letters)
    chosen = ledger.pending(options.stage, options.reason, position)
    _print_table(chosen, options.dry_run)
    if producer is None:
        return 0
    try:
        return _publish(producer, settings, ledger, chosen)
    except KafkaException as error:
        raise explain(error, doing) from error


def _publish(producer: Producer, settings: OperatorKafkaSettings, ledger: Ledger, chosen: list[DeadLetter]) -> int:
    published = 0
    positions = iter(dict.fromkeys(letter.position for letter in chosen))
    while some := list(islice(positions, POSITIONS_PER_TRANSACTION)):
        producer.begin_transaction()
        for position in some:
            if not ledger.published(position):
                _publish_record(producer, settings.destination_topic, ledger.at(position)[0])
                published += 1
            for letter in ledger.at(position):
                _mark_replayed(producer, settings.dead_letter_topic, letter)
        producer.commit_transaction(CONNECT_SECONDS)
    logger.info("replayed dead letters records=%d topic=%s", published, settings.destination_topic)
    return published


def _publish_record(producer: Producer, topic: str, letter: DeadLetter) -> None:
    headers = [*letter.headers, (REPLAY_HEADER, letter.bus_position.encode())]
    producer.produce(
        topic,
        letter.value,
        letter.key,
        letter.position.partition,
        timestamp=letter.timestamp_ms or 1,
        headers=headers,
    )


def _mark_replayed(producer: Producer, topic: str, letter: DeadLetter) -> None:
    replayed = replace(letter, status=REPLAYED)
    producer.produce(topic, letter.value, letter.record_key, headers=replayed.record_headers())


def _fenced_producer(config: ClientConfig, settings: OperatorKafkaSettings, doing: str) -> Producer:
    refused = RefusedLogin()
    producer = Producer(
        {**config, **_PRODUCER, "transactional.id": f"millrace-replay-{settings.dead_letter_topic}"}, error_cb=refused
    )
    describe_topic(producer, settings.destination_topic, refused, doing, CONNECT_SECONDS)
    try:
        producer.init_transactions(CONNECT_SECONDS)
    except KafkaException as error:
        raise explain(refused.error or error, doing) from error
    return producer


def _position(text: str | None) -> BusPosition | None:
    try:
        return parse_position(text) if text is not None else None
    except ValueError as error:
        raise ConfigurationError("--position", str(error)) from None


def _print_table(letters: list[DeadLetter], dry_run: bool) -> None:
    table = Table(title="Dead letters that would be replayed" if dry_run else "Dead letters to replay")
    for heading in ("position", "stage", "reason", "detail", "bytes"):
        table.add_column(heading, justify="right" if heading == "bytes" else "left", no_wrap=heading == "position")
    for letter in letters:
        size = "null" if letter.value is None else f"{len(letter.value):,}"
        table.add_row(letter.bus_position, letter.stage, letter.reason, letter.detail[:80], size)
    result_console().print(table)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="replay_dead_letters", description="Publish dead letters again.")
    parser.add_argument("--stage", choices=["landing", "indexer"], help="only what this stage refused")
    parser.add_argument("--reason", choices=[str(reason) for reason in Reason], help="only for this reason")
    parser.add_argument("--position", help="only this position, as in topic:00002:0000000000000000041")
    parser.add_argument("--dry-run", action="store_true", help="show them, publish nothing")

    def command(options: argparse.Namespace) -> None:
        replay(OperatorKafkaSettings.load(), options)

    return run_command(parser, command, arguments)


if __name__ == "__main__":
    sys.exit(main())
