"""Find the command, make what it needs, and call it.

The first part runs with whatever `python3` the machine has: no import here but of the standard library.
"""

import os
import sys
from difflib import get_close_matches

from utilities.command.environment import SPARK, provide
from utilities.command.help import command_list, command_table
from utilities.command.table import COMMANDS, PROGRAM, Command, Needs, entry_point, names

USAGE = 2  # that of config.command_line, which not every Python can read
HELP_OPTIONS = {"-h", "--help"}


def main(arguments: list[str]) -> int:
    """Run the command that `arguments` begin with; returns the exit status."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if name in HELP_OPTIONS | {"help"}:
        if not rest:
            print(command_list())
            return 0
        if rest == ["--markdown"]:
            print(command_table())
            return 0
        name, rest = rest[0], ["--help"]
    if name == "completion":
        provide(Needs.RUNTIME, arguments)
        from utilities.command.completion import main as completion

        return completion(rest)
    if name == "help":
        print(f"usage: {PROGRAM} help [COMMAND]")
        return 0
    if name not in COMMANDS:
        print(_unknown(name), file=sys.stderr)
        return USAGE
    command = COMMANDS[name]
    provide(command.needs, [name, *rest])
    return run(command, rest)


def run(command: Command, arguments: list[str]) -> int:
    """Import the command and call it with `arguments`; returns its exit status."""
    from config.command_line import call_as

    asks_for_help = bool(command.options_entry) and not HELP_OPTIONS.isdisjoint(arguments)
    entry = command.options_entry if asks_for_help else command.entry
    return call_as(f"{PROGRAM} {command.name}", command.text, entry_point(entry), arguments, command.action)


def _unknown(name: str) -> str:
    # A module's name is what scripts and older pages call it by.
    modules = {one.entry.rpartition(".")[2]: one.name for one in COMMANDS.values() if not one.action}
    known = {**modules, **{each: each for each in names()}}
    begun = [each for each in names() if each.startswith(name)]
    nearest = begun[0] if len(begun) == 1 else next(iter(get_close_matches(name, known, 1, 0.5)), None)
    advice = f"did you mean {known[nearest]}?" if nearest else f"{PROGRAM} help lists them"
    return f"{PROGRAM}: there is no command {name!r}; {advice}"


if __name__ == "__main__":
    # For this process alone; the commands start programs that want their own folder searched.
    os.environ.pop("PYTHONSAFEPATH", None)
    os.environ.update(SPARK)
    sys.exit(main(sys.argv[1:]))
