"""The stream's command line, which imports nothing of Spark: `--help` is answered at once."""

import argparse

from config.command_line import run_command


def main(arguments: list[str] | None = None) -> int:
    """The command line: exit status 0 once the topic's end is counted, or with `--follow` when asked to stop."""
    parser = argparse.ArgumentParser(
        prog="stream",
        description="Count the local topics' events by window of event time, up to their ends as of now.",
    )
    parser.add_argument(
        "--feeds", metavar="all|FEED,...", help="these declared feeds, in one stream (default: the main feed)"
    )
    parser.add_argument("--follow", action="store_true", help="keep running at the end")
    parser.add_argument("--skip-lost", action="store_true", help="go on behind offsets that the bus has lost")
    parser.add_argument(
        "--anew", action="store_true", help="forget all windows first, and count from the first record that is kept"
    )
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> None:
    from spark.live.job import run_stream

    run_stream(options.feeds, options.follow, options.skip_lost, options.anew)
