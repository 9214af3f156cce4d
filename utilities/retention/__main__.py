"""`python -m utilities.retention [--facts-older-than 13m --archive DIR] [--raw-older-than 90d] [--dead-letters]`

Facts: whole months of fact_event and of the facts with a row an event (views, carts, searches, recommendations) are
archived to Parquet, or dropped; aggregates, sessions, orders and sketches stay. Raw events: what landed in MongoDB
before that age and is loaded. Dead letters: those older than DEAD_LETTER_DAYS keep their place and reason alone. What
was removed stays counted in etl.removed: docs/retention.md.
"""

import argparse
import sys
from pathlib import Path

from config.command_line import run_command


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, show what is old, ask, and remove it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="retention", description="Remove old facts, raw events and dead letters.")
    parser.add_argument("--facts-older-than", metavar="MONTHS", help="whole months older than this, such as 13m")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--archive", type=Path, metavar="DIR", help="write them to Parquet files in DIR first")
    where.add_argument("--drop", action="store_true", help="keep no copy of them")
    parser.add_argument("--raw-older-than", metavar="DAYS", help="MongoDB documents that landed earlier, such as 90d")
    parser.add_argument("--dead-letters", action="store_true", help="empty those older than DEAD_LETTER_DAYS")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be removed")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> int:
    # Not before the options are understood: the clients of three stores take half a second to import.
    from utilities.retention.removal import remove_old

    return remove_old(options)


if __name__ == "__main__":
    sys.exit(main())
