"""`python -m utilities.forget_visitor (--user-id [U] | --device-id [D]) [--dry-run] [--yes] [--truncate-bus]`

The id is better not on the command line: without a value it is asked for, `-` reads it from standard input, and
`--user-id-file` or `--device-id-file` from a file.

Erases a visitor from every store, and proves it: searches all of them again and prints what was found before and what
is left. Exit status 1 where something is. Kafka deletes no single record: what the visitor has on the bus is left until
the topic's retention, or goes with everything below it by --truncate-bus. How each store forgets: docs/retention.md.
"""

import argparse
import sys

from config.command_line import run_command
from utilities.erasure.identity import add_identity_options


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, search, ask, erase, and search again; returns the exit status."""
    parser = argparse.ArgumentParser(prog="forget_visitor", description="Erase a visitor from every store.")
    add_identity_options(parser)
    parser.add_argument("--truncate-bus", action="store_true", help="delete the topic up to the visitor's last record")
    parser.add_argument("--dry-run", action="store_true", help="only search")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> int:
    # Not before the options are understood: the clients of all stores take a second to import.
    from utilities.erasure.forget import forget

    return forget(options)


if __name__ == "__main__":
    sys.exit(main())
