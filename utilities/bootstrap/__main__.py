"""`python -m utilities.bootstrap [--only SERVER ...]`: prepare servers that `make up` did not start."""

import argparse
import sys

from config.command_line import run_command
from config.secret_settings import SecretSettings
from utilities.bootstrap import STEPS, bootstrap


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and prepare the chosen servers; returns the exit status."""
    parser = argparse.ArgumentParser(prog="bootstrap", description="Create users, ACLs, topics, templates and tables.")
    parser.add_argument("--only", nargs="+", choices=sorted(STEPS), help="prepare these servers only (default: all)")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> None:
    bootstrap(SecretSettings.load(), skip=set(STEPS) - set(options.only or STEPS))


if __name__ == "__main__":
    sys.exit(main())
