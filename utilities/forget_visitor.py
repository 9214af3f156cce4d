"""`python -m utilities.forget_visitor (--user-id U | --device-id D) [--dry-run] [--yes] [--truncate-bus]`

Erases a visitor from every store, and proves it: searches all of them again and prints what was found before and what
is left. Exit status 1 where something is. Kafka deletes no single record: what the visitor has on the bus is left until
the topic's retention, or goes with everything below it by --truncate-bus. How each store forgets: docs/retention.md.
"""

import argparse
import sys

from config.command_line import run_command
from utilities.erasure.forget import forget


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, search, ask, erase, and search again; returns the exit status."""
    parser = argparse.ArgumentParser(prog="forget_visitor", description="Erase a visitor from every store.")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--user-id", help="events of this user, on whatever device")
    who.add_argument("--device-id", help="events of this device that name no user")
    parser.add_argument("--truncate-bus", action="store_true", help="delete the topic up to the visitor's last record")
    parser.add_argument("--dry-run", action="store_true", help="only search")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return run_command(parser, forget, arguments)


if __name__ == "__main__":
    sys.exit(main())
