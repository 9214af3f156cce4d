"""Publishes dead letters to the local topic again, once what was wrong with them or with us is mended.

    python -m kafka.replay_dead_letters [--stage STAGE] [--reason REASON] [--position POSITION] [--dry-run]
                                        [--timestamp original|now] [--feed FEED]

The record gets a new place on the bus, a header that names the old one, and one that names the topic. In the same
transaction every dead letter of that record is written again as replayed, so it is published once, whichever stages
refused it and however often they do so again. A record that the destination refuses stays pending, and the
exit status is 1.

The topic of dead letters is read twice: for what became of each, then for the bytes of the chosen ones. The records of
a transaction are published in order of their positions.
"""

import argparse
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Producer
from rich.table import Table

from config.command_line import run_command
from config.console import result_console
from config.errors import ConfigurationError
from config.kafka_client import ClientConfig
from config.operator_logins import OperatorKafkaSettings
from kafka.client import PRODUCER, RefusedLogin, describe_topic, explain
from kafka.dead_letter_reasons import Reason
from kafka.dead_letters.index import DeadLetterIndex, LetterHead, by_reason
from kafka.dead_letters.letter import DeadLetter, Origin, Place, parse_origin, read_placed
from kafka.dead_letters.republication import Refusal, Republication, escaped_names, in_transactions
from kafka.feeds.declaration import feed_named
from kafka.feeds.places import at_feed
from kafka.topics import topic_identity

logger = logging.getLogger("kafka.replay_dead_letters")

CONNECT_SECONDS = 30.0
LETTERS_SHOWN = 50
_PRODUCER: ClientConfig = {**PRODUCER, "transaction.timeout.ms": 60_000}


@dataclass
class Replayed:
    """What a replay did: records published, and letters that stay pending."""

    published: int = 0
    refused: list[Origin] = field(default_factory=list)
    unread: int = 0

    @property
    def exit_status(self) -> int:
        """1 where a chosen letter was not replayed."""
        return 1 if self.refused or self.unread else 0


def replay(settings: OperatorKafkaSettings, options: argparse.Namespace) -> Replayed:
    """Replay what the filters choose; raises what `explain` makes of a refusal that is no record's or of silence."""
    origin = _origin(options.position)
    config = settings.client()
    doing = f"replaying dead letters at {settings.kafka_brokers} as {settings.kafka_operator_username}"
    producer = None if options.dry_run else _fenced_producer(config, settings, doing)
    # After the fence: what another replay had under way is committed or aborted, and is read accordingly.
    index = DeadLetterIndex.read(config, settings.dead_letter_topic)
    chosen = index.pending(options.stage, options.reason, origin)
    _print_tables(chosen, options.dry_run)
    if producer is None or not chosen:
        return Replayed()
    now = options.timestamp == "now"
    into = topic_identity(config, settings.destination_topic)
    republication = Republication(producer, into, settings.dead_letter_topic, index, now)
    try:
        return _publish(republication, config, chosen)
    except KafkaException as error:
        raise explain(error, doing) from error


def _publish(republication: Republication, config: ClientConfig, chosen: list[LetterHead]) -> Replayed:
    # Of several stages' letters of a record any one will do.
    places = set({head.origin: head.place for head in chosen}.values())
    done = Replayed(unread=len(places))
    for letters in in_transactions(_letters_at(config, republication.dead_letter_topic, places)):
        refusals = republication.publish(sorted(letters, key=lambda letter: letter.origin))
        for refusal in refusals:
            logger.warning("%s", _refusal_line(refusal, republication))
        refused = {refusal.letter.origin for refusal in refusals}
        for letter in letters:
            if letter.origin not in refused and (names := escaped_names(letter)):
                told = ",".join(names)
                logger.warning("header names were no UTF-8 and are escaped origin=%s names=%s", letter.origin, told)
        done.refused += sorted(refused)
        done.published += len(letters) - len(refused)
        done.unread -= len(letters)
    if done.unread:
        logger.warning("dead letters left their topic while they were replayed letters=%d", done.unread)
    template = "replayed dead letters records=%d refused=%d topic=%s"
    logger.info(template, done.published, len(done.refused), republication.into.topic)
    return done


def _letters_at(config: ClientConfig, topic: str, places: set[Place]) -> Iterator[DeadLetter]:
    """The letters at these places, in the topic's order, one at a time."""
    ranges: dict[int, tuple[int, int]] = {}
    for partition, offset in places:
        first, end = ranges.get(partition, (offset, offset))
        ranges[partition] = (min(first, offset), max(end, offset + 1))
    return (letter for place, letter in read_placed(config, topic, ranges) if place in places)


def _refusal_line(refusal: Refusal, republication: Republication) -> str:
    letter, error = refusal.letter, refusal.error
    line = f"{letter.origin} stays pending: topic {republication.into.topic} refuses it: {error.str()} ({error.name()})"
    if error.code() == KafkaError.INVALID_TIMESTAMP:
        line += "; raise its message.timestamp.after.max.ms, or publish it with --timestamp now"
    if error.code() in (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE):
        dead = republication.dead_letter_topic
        line += f"; it has {letter.size:,} bytes: raise max.message.bytes of the topic, and of {dead}"
    if error.code() == KafkaError._UNKNOWN_PARTITION:
        line += f"; the topic has no partition {letter.position.partition}: add it"
    return line


def _fenced_producer(config: ClientConfig, settings: OperatorKafkaSettings, doing: str) -> Producer:
    refused = RefusedLogin(config)
    producer = Producer(
        {**config, **_PRODUCER, "transactional.id": f"millrace-replay-{settings.dead_letter_topic}"}, error_cb=refused
    )
    describe_topic(producer, settings.destination_topic, refused, doing, CONNECT_SECONDS)
    try:
        producer.init_transactions(CONNECT_SECONDS)
    except KafkaException as error:
        raise explain(refused.error or error, doing) from error
    return producer


def _origin(text: str | None) -> Origin | None:
    try:
        return parse_origin(text) if text is not None else None
    except ValueError as error:
        raise ConfigurationError("--position", str(error)) from None


def _print_tables(letters: list[LetterHead], dry_run: bool) -> None:
    title = "Dead letters that would be replayed" if dry_run else "Dead letters to replay"
    if len(letters) > LETTERS_SHOWN:
        title += f", the first {LETTERS_SHOWN} of {len(letters):,}"
    table = Table(title=title)
    for heading in ("position", "stage", "reason", "detail", "bytes"):
        table.add_column(heading, justify="right" if heading == "bytes" else "left", no_wrap=heading == "position")
    for letter in letters[:LETTERS_SHOWN]:
        size = "null" if letter.size is None else f"{letter.size:,}"
        table.add_row(str(letter.origin), letter.stage, letter.reason, letter.detail[:80], size)
    console = result_console()
    console.print(table)
    for (stage, reason), count in sorted(by_reason(letters).items()):
        console.print(f"{count:,} refused by the {stage}: {reason}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="replay_dead_letters", description="Publish dead letters again.")
    parser.add_argument("--stage", choices=["api", "mirror", "landing", "indexer"], help="only what this stage refused")
    parser.add_argument("--reason", choices=[str(reason) for reason in Reason], help="only for this reason")
    parser.add_argument(
        "--position",
        help="only this one, as in topic:00002:0000000000000000041; source:topic:... for the mirror's, api:topic:...",
    )
    parser.add_argument(
        "--timestamp", choices=["original", "now"], default="original", help="the time that the copies get"
    )
    parser.add_argument("--dry-run", action="store_true", help="show them, publish nothing")
    parser.add_argument("--feed", help="those of this declared feed, into its topic (default: the main feed's)")

    def command(options: argparse.Namespace) -> int:
        settings = OperatorKafkaSettings.load()
        if options.feed is not None:
            settings = at_feed(feed_named(options.feed), settings)
        return replay(settings, options).exit_status

    return run_command(parser, command, arguments)


if __name__ == "__main__":
    sys.exit(main())
