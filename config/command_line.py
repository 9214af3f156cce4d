"""The one way in for every command: logging, `--debug`, and errors as one line with a non-zero exit."""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable

from config.errors import MillraceError

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


def configure_logging(debug: bool = False) -> None:
    """Log to standard error, one sentence and `key=value` pairs a line; times are UTC."""
    formatter = logging.Formatter(LOG_FORMAT, datefmt="%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    for chatty in ("pymongo", "py4j", "elastic_transport", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler], force=True)


def run_command(
    parser: argparse.ArgumentParser,
    command: Callable[[argparse.Namespace], int | None],
    arguments: list[str] | None = None,
) -> int:
    """Parse `arguments` (default: the process's), run `command` and return the exit status.

    A `MillraceError` becomes one line on standard error and its exit status; `--debug` shows its traceback.
    """
    parser.add_argument("--debug", action="store_true", help="log more, and show the traceback of an error")
    options = parser.parse_args(arguments)
    configure_logging(options.debug)
    try:
        return command(options) or 0
    except MillraceError as error:
        if options.debug:
            raise
        print(_error_line(parser.prog, error), file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe (`| head`) has left; point stdout at nothing so that exit does not raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _error_line(program: str, error: MillraceError) -> str:
    line = f"{program}: {' '.join(str(error).split())}"
    return f"\033[31m{line}\033[0m" if sys.stderr.isatty() else line
