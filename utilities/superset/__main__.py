"""`python -m utilities.superset`: Superset on loopback, as `bi_reader`, with the dashboards of deploy/superset."""

import argparse
import sys

from config.command_line import run_command


def main(arguments: list[str] | None = None) -> int:
    """Become Superset's server; returns only when that fails."""
    parser = argparse.ArgumentParser(
        prog="superset",
        description="Install Superset into .venv-superset where it is not there yet, import the dashboards of"
        " deploy/superset, and serve them on loopback until Ctrl-C.",
    )
    return run_command(parser, _run, arguments)


def _run(_: argparse.Namespace) -> None:
    # Not before the options are understood: the clients of the servers take half a second to import.
    from utilities.superset.server import serve

    serve()


if __name__ == "__main__":
    sys.exit(main())
