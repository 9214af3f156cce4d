"""`./millrace completion SHELL`: a completion script of every command and its options, made from their parsers."""

import argparse
from pathlib import Path

import shtab

from config.command_line import parser_of, run_command
from utilities.command.environment import DEVELOPMENT, is_complete
from utilities.command.table import COMMANDS, OF_THE_COMMAND_LINE, PROGRAM, Command, Needs, entry_point, names

SHELLS = ("bash", "zsh", "fish")


def main(arguments: list[str]) -> int:
    """Print the script; returns the exit status."""
    return run_command(_own_parser(), lambda options: print(completion_script(options.shell)), arguments)


def completion_script(shell: str) -> str:
    """The script for `shell`, complete by itself: completing starts no Python."""
    return str(shtab.complete(_every_command(), shell))


def _own_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} completion",
        description="Print a shell's completion script; docs/command_line.md says where to put it.",
    )
    parser.add_argument("shell", choices=SHELLS)
    return parser


def _every_command() -> argparse.ArgumentParser:
    """One parser that has the commands for its actions."""
    whole = argparse.ArgumentParser(prog="millrace")
    actions = whole.add_subparsers()
    for name, command in COMMANDS.items():
        parser = _parser(command)
        _mark_files(parser)
        actions.add_parser(name, help=command.text, parents=[parser], add_help=False)
    actions.add_parser("completion", help=OF_THE_COMMAND_LINE["completion"], parents=[_own_parser()], add_help=False)
    helper = actions.add_parser("help", help=OF_THE_COMMAND_LINE["help"])
    helper.add_argument("command", nargs="?", choices=names())
    return whole


def _parser(command: Command) -> argparse.ArgumentParser:
    # Only names for what the test tools would be needed to ask.
    known = command.needs is not Needs.DEVELOPMENT or is_complete(DEVELOPMENT)
    if command.options_entry and known:
        return parser_of(command.name, entry_point(command.options_entry), command.action)
    parser = argparse.ArgumentParser(prog=command.name)
    # Of another program: files at least.
    parser.add_argument("argument", nargs="*", type=Path)
    return parser


def _mark_files(parser: argparse.ArgumentParser) -> None:
    for action in parser._actions:
        if action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
