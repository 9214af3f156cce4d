"""Whom to forget, told without a command line: there it would stand in the shell's history and the process list."""

import argparse
import sys
from pathlib import Path

from config.errors import ConfigurationError

STANDARD_INPUT = "-"
ASK = ""
"""What `--user-id` or `--device-id` without a value stands for: ask on the terminal."""
KINDS = {"user_id": "user id", "device_id": "device id"}


def add_identity_options(parser: argparse.ArgumentParser) -> None:
    """One of `--user-id`, `--user-id-file`, `--device-id` and `--device-id-file`."""
    who = parser.add_mutually_exclusive_group(required=True)
    for option, meaning in (
        ("--user-id", "events of this user, on whatever device"),
        ("--device-id", "events of this device that name no user"),
    ):
        how = f"{meaning}; without a value it is asked for, {STANDARD_INPUT} reads it from standard input"
        who.add_argument(option, nargs="?", const=ASK, metavar="ID", help=how)
        who.add_argument(f"{option}-file", type=Path, metavar="FILE", help="as above, read from this file")


def read_identity(options: argparse.Namespace) -> str:
    """The id that the options give or point to; raises ConfigurationError where there is none, or more than one."""
    for name, kind in KINDS.items():
        option = f"--{name.replace('_', '-')}"
        file: Path | None = getattr(options, f"{name}_file")
        value: str | None = getattr(options, name)
        if file is not None:
            return _only_line(f"{option}-file", _text(f"{option}-file", file))
        if value == ASK:
            return _only_line(option, _asked(option, kind))
        if value == STANDARD_INPUT:
            return _only_line(option, sys.stdin.read())
        if value is not None:
            return _only_line(option, value)
    raise ConfigurationError("--user-id", "is not given")


def _text(option: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(option, f"cannot be read: {error}") from None


def _asked(option: str, kind: str) -> str:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            option, f"has no value, and there is no terminal to ask on: use {option}-file or {option} -"
        )
    return input(f"{kind}: ")


def _only_line(option: str, text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise ConfigurationError(option, "is empty")
    if len(lines) > 1:
        raise ConfigurationError(option, f"has {len(lines)} lines: forget one visitor at a time")
    return lines[0]
