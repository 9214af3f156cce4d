"""The one way in for every command: logging, `--debug`, and errors as one line with a non-zero exit.

docs/command_line.md says what each exit status means.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from config.errors import MillraceError
from config.printable import printable, printable_lines

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
USAGE = 2  # as argparse ends
INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it

Main = Callable[[list[str]], int]


@dataclass(frozen=True)
class _Call:
    """How `./millrace` calls a command: the name it is shown by, and the words that choose one of its actions.

    `text` describes an action that does not describe itself.
    """

    program: str
    text: str = ""
    action: Sequence[str] = ()
    only_parser: bool = False


class _ParserBuiltError(Exception):
    """Carries the parser out of a `main` that was called for its parser alone."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


class _Formatter(logging.Formatter):
    """A record is one line, whatever an event, a name or a server's message in it holds."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return printable_lines(super().formatException(ei))


_call: ContextVar[_Call | None] = ContextVar("call", default=None)


def configure_logging(debug: bool = False) -> None:
    """Log to standard error, one sentence and `key=value` pairs a line; times are UTC."""
    formatter = _Formatter(LOG_FORMAT, datefmt="%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    for chatty in ("pymongo", "py4j", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # A traceback for each request that fails says nothing that our own line does not.
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler], force=True)


def run_command(
    parser: argparse.ArgumentParser,
    command: Callable[[argparse.Namespace], int | None],
    arguments: list[str] | None = None,
) -> int:
    """Parse `arguments` (default: the process's), run `command` and return the exit status.

    A `MillraceError` becomes one line on standard error and its exit status; `--debug` shows its traceback.
    """
    _add_debug(parser)
    call = _call.get()
    if call is not None:
        action = _action_parser(parser, call.action)
        action.prog, action.description = call.program, action.description or call.text
        if call.only_parser:
            raise _ParserBuiltError(action)
    options = parser.parse_args(arguments)
    configure_logging(options.debug)
    try:
        status = command(options) or 0
        # What is still in the buffer would find the pipe's reader gone only when Python ends, which tells it on stderr.
        sys.stdout.flush()
        return status
    except MillraceError as error:
        if options.debug:
            raise
        print(_error_line(call.program if call else parser.prog, error), file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe (`| head`) has left; point stdout at nothing so that exit does not raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def call_as(program: str, text: str, main: Main, arguments: Sequence[str], action: Sequence[str] = ()) -> int:
    """Call a command's `main` under another name: its usage and its error line begin with `program`.

    `action` are the words before `arguments` that choose one of the command's actions, such as `up`; `text` says what
    that does.
    """
    token = _call.set(_Call(program, text, action))
    try:
        return main([*action, *arguments])
    finally:
        _call.reset(token)


def parser_of(program: str, main: Main, action: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser that `main` would parse with, of its `action`; the command is not run."""
    token = _call.set(_Call(program, "", action, only_parser=True))
    try:
        main([])
    except _ParserBuiltError as built:
        return built.parser
    finally:
        _call.reset(token)
    raise TypeError(f"{program}: its main does not call run_command")


def _add_debug(parser: argparse.ArgumentParser) -> None:
    """`--debug` is taken before and behind an action: `up --debug`, `--debug up`."""
    text = "log more, and show the traceback of an error"
    parser.add_argument("--debug", action="store_true", help=text)
    for action in _actions(parser).values():
        action.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=text)


def _action_parser(parser: argparse.ArgumentParser, words: Sequence[str]) -> argparse.ArgumentParser:
    for word in words:
        parser = _actions(parser)[word]
    return parser


def _actions(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    # argparse offers no public way to what add_subparsers made.
    return {
        name: action
        for each in parser._actions
        if isinstance(each, argparse._SubParsersAction)
        for name, action in each.choices.items()
    }


def _error_line(program: str, error: MillraceError) -> str:
    line = f"{program}: {printable(' '.join(str(error).split()))}"
    return f"\033[31m{line}\033[0m" if sys.stderr.isatty() else line
