"""`python -m utilities.feeds_reference`: print docs/feeds.md from the declarations of the feeds."""

import argparse
import sys

from config.command_line import run_command
from kafka.feeds.declaration import load_feeds
from utilities.reference_docs.feeds_page import feeds_page


def main(arguments: list[str] | None = None) -> int:
    """Print the page; returns the exit status."""
    description = "Print docs/feeds.md from the declarations of the feeds."
    parser = argparse.ArgumentParser(prog="feeds", description=description)
    return run_command(parser, lambda _: print(feeds_page(load_feeds().values()), end=""), arguments)


if __name__ == "__main__":
    sys.exit(main())
