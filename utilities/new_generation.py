"""`python -m utilities.new_generation [--dry-run] [--yes]`: go on after the local topic was deleted and made anew.

A position (topic, partition, offset) names an event in every store. A topic that is made anew under its old name would
repeat them, so each stage stops. This command says which stage knows which topic, and moves DESTINATION_TOPIC to the
next name: both generations are kept, and nothing of one is taken for the other. Does nothing where every stage knows
the topic that is there.
"""

import argparse
import sys

from config.command_line import run_command
from utilities.topic_generation import start_next_generation


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, show what is known, ask, and move on; returns the exit status."""
    parser = argparse.ArgumentParser(prog="new_generation", description="Go on with a new local topic beside the old.")
    parser.add_argument("--dry-run", action="store_true", help="only say what is known and what would be done")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return run_command(parser, lambda options: start_next_generation(options.dry_run, options.yes), arguments)


if __name__ == "__main__":
    sys.exit(main())
