"""`python -m utilities.new_generation [--truncated] [--dry-run] [--yes]`: go on with a new local topic beside the old.

A position (topic, partition, offset) names an event in every store. A topic that is deleted and made anew under its
name would repeat them, so each stage stops. This command says which stage knows which topic, and moves
DESTINATION_TOPIC to the next name: both generations are kept, and nothing of one is taken for the other. Does nothing
where every stage knows the topic that is there, unless --truncated says that the topic lost records that the stores
have (a stage says so).
"""

import argparse
import sys

from config.command_line import run_command


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, show what is known, ask, and move on; returns the exit status."""
    parser = argparse.ArgumentParser(prog="new_generation", description="Go on with a new local topic beside the old.")
    parser.add_argument("--dry-run", action="store_true", help="only say what is known and what would be done")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--truncated", action="store_true", help="the topic kept its id, but lost records that we have")

    def command(options: argparse.Namespace) -> int:
        # Not before the options are understood: the clients of all stores take a second to import.
        from utilities.topic_generation import start_next_generation

        return start_next_generation(options.truncated, options.dry_run, options.yes)

    return run_command(parser, command, arguments)


if __name__ == "__main__":
    sys.exit(main())
