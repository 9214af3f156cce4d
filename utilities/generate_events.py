"""Generate the clickstream of a fictional jewellery shop into the source Kafka, or into a JSON-lines file.

The same seed and arguments give the same events with the same ids: run again, it continues an interrupted run and
adds nothing to a finished one. With `--live` they are events of now, other ones at each run, at the pace of the clock.
"""

import argparse
import logging
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from config.command_line import run_command
from config.day import day
from config.errors import ConfigurationError
from utilities.event_generator.delivery import SourceGeneratorSettings, SourceTopic, at_their_time, paced, write_file
from utilities.event_generator.stream import DAY_MS, Plan, Record, generate

logger = logging.getLogger("millrace.generate_events")

DEFAULT_START = date(2026, 1, 1)


def main(arguments: list[str] | None = None) -> int:
    """Run the generator; returns the exit status."""
    return run_command(_parser(), _run, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="generate_events", description="Generate the events of a fictional jewellery shop."
    )
    parser.add_argument("--events", type=int, default=100_000, help="records in all (default 100000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other visitors (default 1)")
    parser.add_argument("--start", type=day, default=DEFAULT_START, help="first day, UTC (default 2026-01-01)")
    parser.add_argument("--days", type=int, default=30, help="days that the visits are spread over (default 30)")
    parser.add_argument(
        "--duplicates", type=float, default=0.002, help="share of records that repeat one (default 0.002)"
    )
    parser.add_argument(
        "--late", type=float, default=0.005, help="share of events that arrive hours or days late (default 0.005)"
    )
    parser.add_argument(
        "--broken", type=float, default=0.0002, help="share of records that are no event (default 0.0002)"
    )
    parser.add_argument("--rate", type=float, help="at most so many records a second (default: as fast as possible)")
    parser.add_argument(
        "--live",
        type=float,
        metavar="RATE",
        help="events of now, each sent at its time, RATE a second over a day, for --days",
    )
    parser.add_argument("--file", type=Path, help="write to this file (.gz: compressed; -: standard output)")
    parser.add_argument("--topic", help="write to this topic of the source Kafka (default SOURCE_TOPIC)")
    parser.add_argument("--partitions", type=int, default=3, help="of the topic, where it is absent (default 3)")
    parser.add_argument("--again", action="store_true", help="send the same events once more, with the same ids")
    return parser


def _run(options: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    if options.live is not None and options.live <= 0:
        raise ConfigurationError("--live", "is a rate, more than 0 events a second")
    plan = Plan(
        events=options.events if options.live is None else max(1, round(options.live * options.days * DAY_MS / 1000)),
        # Ids follow from the seed: a live shop never tells an event again that an earlier run has told.
        seed=options.seed if options.live is None else time.time_ns(),
        start=options.start if options.live is None else now.date(),
        days=options.days,
        duplicates=options.duplicates,
        late=options.late,
        broken=options.broken,
    )
    started = time.monotonic()
    records = paced(generate(plan), options.rate) if options.live is None else _live(plan, now)
    if options.file is not None:
        sent, place = write_file(records, options.file), options.file
    else:
        settings = SourceGeneratorSettings.load()
        place = options.topic or settings.source_topic
        topic = SourceTopic(settings, place, options.partitions)
        run = plan.fingerprint() + (f"-again-{time.time_ns()}" if options.again else "")
        sent = topic.send(records, plan.events, run)
    seconds = time.monotonic() - started
    logger.info("generated events place=%s events=%d new=%d seconds=%.1f", place, plan.events, sent, seconds)


def _live(plan: Plan, now: datetime) -> Iterator[Record]:
    since_midnight = int(now.timestamp() * 1000) - plan.start_ms()
    return at_their_time(generate(plan, since_midnight))


if __name__ == "__main__":
    sys.exit(main())
