"""`python -m utilities.reconcile [--json]`: why two numbers differ, or the proof that they do not.

Counts the events independently at every stage and compares them (utilities/reconciliation/identities.py lists the
identities). Exit status 0 when every identity holds, 1 when one does not or a server cannot be asked.
"""

import argparse
import sys

from config.command_line import run_command
from utilities.reconciliation.report import reconcile


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, count and compare; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="reconcile", description="Compare independent counts from the source broker to the facts."
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    return run_command(parser, lambda options: reconcile(options.json), arguments)


if __name__ == "__main__":
    sys.exit(main())
