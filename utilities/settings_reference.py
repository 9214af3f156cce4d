"""`python -m utilities.settings_reference`: docs/settings.md, made from the settings classes themselves."""

import argparse
import sys

from config.command_line import run_command
from utilities.reference_docs.settings_page import settings_page


def main(arguments: list[str] | None = None) -> int:
    """Print the page; returns the exit status."""
    parser = argparse.ArgumentParser(prog="settings_reference", description="Print docs/settings.md.")
    return run_command(parser, lambda _: print(settings_page(), end=""), arguments)


if __name__ == "__main__":
    sys.exit(main())
