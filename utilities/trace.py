"""`python -m utilities.trace ID | --position P | --product P --date D`: an event's way, both directions.

Prints what each stage has of the event: the source's offset, the place on the bus, the MongoDB document, the run, the
rows of the facts, the daily row it counts in, the Elasticsearch document; or where it stopped and why. The other way
round, `--product` and `--date` list the events behind a daily number. Exit status 1 where nothing is known.

MongoDB has no index by event id: a loaded event is found through the warehouse, any other through Elasticsearch.
"""

import argparse
import re
import sys

from config.command_line import run_command
from config.day import day

# As every stage prints a place on the bus: topic:partition:offset, of five and nineteen digits or fewer.
POSITION = re.compile(r".+:\d{1,5}:\d{1,19}")


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and print the way; returns the exit status."""
    parser = argparse.ArgumentParser(prog="trace", description="Print an event's way from the source to the facts.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("id", nargs="?", help="the event's id, or its position topic:partition:offset")
    what.add_argument("--event-id", help="a UUID, with or without hyphens, or 24 hex digits of an _id")
    what.add_argument("--position", help="topic:partition:offset")
    what.add_argument("--product", help="a product_id; with --date, the events behind its daily rows")
    parser.add_argument("--date", type=day, help="the day, in the business time zone")
    parser.add_argument("--limit", type=int, default=20, help="events of --product at most (default 20)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> int:
    # Not before the options are understood: the clients of four servers take half a second to import.
    from utilities.lineage.report import trace

    if options.id is not None:
        options.position, options.event_id = (
            (options.id, None) if POSITION.fullmatch(options.id) else (None, options.id)
        )
    return trace(options)


if __name__ == "__main__":
    sys.exit(main())
