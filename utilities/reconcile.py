"""`python -m utilities.reconcile [--partitions | --json]`: why two numbers differ, or the proof that they do not.

Counts the events independently at every stage and compares them (utilities/reconciliation/identities.py lists the
identities). Exit status 0 when every identity holds, 1 when one does not or a server cannot be asked.
"""

import argparse
import sys

from config.command_line import run_command


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, count and compare; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="reconcile", description="Compare independent counts from the source broker to the facts."
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--partitions", action="store_true", help="show every partition, not only those that differ")
    shape.add_argument("--json", action="store_true", help="print one JSON object instead of the report")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> int:
    # Not before the options are understood: the clients of four servers take half a second to import.
    from utilities.reconciliation.report import reconcile

    return reconcile(options.json, options.partitions)


if __name__ == "__main__":
    sys.exit(main())
