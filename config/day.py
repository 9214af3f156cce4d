"""A day on the command line."""

import argparse
from datetime import date


def day(text: str) -> date:
    """The day that an option names; what is none is refused with an example of one."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; a day is 2026-01-31") from None
