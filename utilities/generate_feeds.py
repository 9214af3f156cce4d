"""Generate the events of the feeds beside the main one, straight to their topics on the local cluster, or into a file.

    python -m utilities.generate_feeds --rate 50 --seconds 600 --anomalies 2
    python -m utilities.generate_feeds --from events.jsonl

People register, click, walk through pages and buy, and their events name each other; sensors measure. Traffic goes by
the day and the week. By default the events are of now and come at the pace of the clock; with `--start` they are of
that day and come as fast as they are taken. Every event keeps its feed's declaration, unless `--broken` sows others.
"""

import argparse
import logging
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

from config.command_line import run_command
from config.day import day
from config.errors import ConfigurationError

logger = logging.getLogger("millrace.generate_feeds")


def main(arguments: list[str] | None = None) -> int:
    """Run the generator; returns the exit status."""
    return run_command(_parser(), _run, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="generate_feeds", description="Generate events of the declared feeds.")
    parser.add_argument("--rate", type=float, default=20.0, help="events a second, the mean of a week (default 20)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float, help="for so long, in the events' time (default 60)")
    length.add_argument("--events", type=int, help="this many")
    parser.add_argument(
        "--start", type=day, help="first day, UTC, of events of the past (default: now, as they happen)"
    )
    parser.add_argument("--flat", action="store_true", help="the same rate at any hour, instead of day and week curves")
    parser.add_argument("--feeds", default="all", metavar="all|FEED,...", help="only events of these (default all)")
    parser.add_argument("--anomalies", type=int, default=0, help="how many to sow (default none)")
    parser.add_argument(
        "--truth",
        type=Path,
        default=Path("feed_anomalies.jsonl"),
        help="where the anomalies are written down (default feed_anomalies.jsonl)",
    )
    parser.add_argument("--broken", type=float, default=0.0, help="share that breaks its declaration (default 0)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other people (default 1)")
    parser.add_argument("--file", type=Path, help="write to this file (-: standard output) instead of the topics")
    parser.add_argument(
        "--from",
        type=Path,
        dest="source",
        help="send the lines of a file, as --file writes them, of any feed",
    )
    return parser


def _run(options: argparse.Namespace) -> None:
    if options.source is not None:
        _send_file(options.source)
    else:
        _generate(options)


def _send_file(path: Path) -> None:
    from kafka.feeds.declaration import feeds_beside_main
    from utilities.feed_generator.delivery import read, send
    from utilities.feed_generator.settings import FeedGeneratorSettings

    feeds = {feed.name: feed for feed in feeds_beside_main()}
    sent = send(read(path, feeds), feeds, FeedGeneratorSettings.load(), f"file-{time.time_ns()}")
    logger.info("sent the lines of a file events=%d file=%s", sent, path)


def _generate(options: argparse.Namespace) -> None:
    # Not before the options are understood: names of people take a while to import.
    from itertools import islice

    from kafka.feeds.declaration import chosen_feeds
    from utilities.feed_generator.delivery import at_their_time, send, write, write_truth
    from utilities.feed_generator.settings import FeedGeneratorSettings
    from utilities.feed_generator.traffic import GENERATED, FeedPlan, Traffic

    feeds = {feed.name: feed for feed in chosen_feeds(options.feeds) if feed.name in GENERATED}
    if not feeds:
        raise ConfigurationError("--feeds", f"names none that is generated here: {', '.join(GENERATED)}")
    if options.anomalies and options.events is not None:
        raise ConfigurationError("--anomalies", "needs --seconds instead of --events: they are spread over that time")
    # With a number of events the traffic goes on until they are there; quiet hours have fewer.
    seconds = options.seconds or (60.0 if options.events is None else 20 * options.events / options.rate + 3_600)
    plan = FeedPlan(
        seed=options.seed,
        start_ms=_start_ms(options.start),
        seconds=seconds,
        rate=options.rate,
        anomalies=options.anomalies,
        broken=options.broken,
        flat=options.flat,
    )
    traffic = Traffic(plan)
    if options.anomalies:
        write_truth(traffic.anomalies, options.truth)
    wanted = (timed for timed in traffic.events() if timed.feed in feeds)
    events = islice(wanted if options.start else at_their_time(wanted), options.events)
    started = time.monotonic()
    if options.file is not None:
        sent = write(events, options.file)
    else:
        sent = send(events, feeds, FeedGeneratorSettings.load(), f"feeds-{options.seed}-{plan.start_ms}")
    took = max(time.monotonic() - started, 1e-3)
    template = "generated events events=%d anomalies=%d broken=%d seconds=%.1f rate=%.0f/s"
    logger.info(template, sent, len(traffic.anomalies), traffic.broken, took, sent / took)


def _start_ms(first: date | None) -> int:
    if first is None:
        return int(time.time() * 1000)
    return int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp() * 1000)


if __name__ == "__main__":
    sys.exit(main())
