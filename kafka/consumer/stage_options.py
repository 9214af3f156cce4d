"""The command line of a consuming stage, which imports no client: `--help` is answered at once."""

import argparse
from collections.abc import Callable

from config.command_line import run_command


def stage_command(
    program: str, description: str, run: Callable[[bool, bool, str | None], None], arguments: list[str] | None
) -> int:
    """Parse the options of a consuming stage and call `run(follow, skip_lost, feeds)`; returns the exit status."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument(
        "--follow", action="store_true", help="keep running; once started, wait for ever for a server that is away"
    )
    parser.add_argument("--skip-lost", action="store_true", help="go on where the topic lost records not yet read")
    parser.add_argument(
        "--feeds",
        metavar="all|FEED,...",
        help="these declared feeds, a consumer each in this process (default: the main feed, by its settings)",
    )
    return run_command(parser, lambda options: run(options.follow, options.skip_lost, options.feeds), arguments)
