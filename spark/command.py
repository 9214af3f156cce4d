"""The ETL's command line, which imports nothing of Spark: `--help` is answered at once.

`python -m spark.command --feeds all` loads feeds without spark-submit, which they need not.
"""

import argparse
import sys

from config.command_line import run_command
from config.day import day


def main(arguments: list[str] | None = None) -> int:
    """The command line: exit status 0 once everything that had landed at the start is loaded."""
    parser = argparse.ArgumentParser(prog="etl", description="Load what has landed into the star schema.")
    parser.add_argument("--wait", action="store_true", help="wait for a run that is under way instead of leaving")
    parser.add_argument("--from-date", type=day, metavar="DAY", help="load the days from this one again")
    parser.add_argument("--to-date", type=day, metavar="DAY", help="up to this one, inclusive")
    parser.add_argument("--full-refresh", action="store_true", help="load all again from the raw store; keys stay")
    parser.add_argument("--replay-rejected", action="store_true", help="judge rejected events again, after a fix")
    parser.add_argument("--rule", help="of these, only what broke this rule")
    parser.add_argument(
        "--from-now-on",
        action="store_true",
        help="keep what is stored under other SHOP_DOMAINS or definitions, and load what is new under these",
    )
    parser.add_argument(
        "--feeds",
        metavar="all|FEED,...",
        help="load these feeds of config/feeds instead of the main one; takes --wait and --full-refresh",
    )
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> None:
    if options.feeds is not None:
        from spark.feeds.pipeline import run_feeds

        run_feeds(options)
        return
    from spark.pipeline import run_etl

    run_etl(options)


if __name__ == "__main__":
    sys.exit(main())
