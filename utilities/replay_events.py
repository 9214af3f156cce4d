"""Send the lines of a JSON-lines file (plain or gzip) to the source Kafka, each as it is.

The key is the event's `device_id` and the timestamp its `time_stamp`, where the line can be read. Run again on the
same content, it continues an interrupted replay and adds nothing to a finished one.
"""

import argparse
import logging
import sys
import time
from pathlib import Path

from config.command_line import run_command
from utilities.event_generator.capture import Capture
from utilities.event_generator.delivery import SourceGeneratorSettings, SourceTopic, paced

logger = logging.getLogger("millrace.replay_events")


def main(arguments: list[str] | None = None) -> int:
    """Run the replay; returns the exit status."""
    return run_command(_parser(), _run, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="replay_events", description="Send a file's lines to the source Kafka.")
    parser.add_argument("file", type=Path, help="JSON lines, plain or gzip")
    parser.add_argument("--rate", type=float, help="at most so many records a second (default: as fast as possible)")
    parser.add_argument("--topic", help="write to this topic of the source Kafka (default SOURCE_TOPIC)")
    parser.add_argument("--partitions", type=int, default=3, help="of the topic, where it is absent (default 3)")
    parser.add_argument("--again", action="store_true", help="send the same lines once more")
    return parser


def _run(options: argparse.Namespace) -> None:
    started = time.monotonic()
    capture = Capture(options.file)
    settings = SourceGeneratorSettings.load()
    place = options.topic or settings.source_topic
    topic = SourceTopic(settings, place, options.partitions)
    run = capture.fingerprint + (f"-again-{time.time_ns()}" if options.again else "")
    sent = topic.send(paced(capture.records(), options.rate), capture.lines, run)
    seconds = time.monotonic() - started
    logger.info(
        "replayed a file file=%s topic=%s lines=%d new=%d seconds=%.1f",
        options.file,
        place,
        capture.lines,
        sent,
        seconds,
    )


if __name__ == "__main__":
    sys.exit(main())
