"""`python -m utilities.local_servers up|down|status|logs|clean|stop|start|env`: the servers on this machine."""

import argparse
import sys

from config.command_line import run_command


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run the chosen action; returns the exit status."""
    parser = argparse.ArgumentParser(prog="local_servers", description="Run Millrace's servers on loopback.")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("up", help="start the servers, wait until each answers, create users, topics and tables")
    actions.add_parser("env", help="write the missing secrets into .env and start nothing")
    actions.add_parser("down", help="stop the servers; their data stays")
    actions.add_parser("status", help="print server, address, state, pid, memory and version")
    actions.add_parser("clean", help="stop the servers and delete their data")
    for name, text in (("stop", "stop one server"), ("start", "start one server again and wait for it")):
        actions.add_parser(name, help=text).add_argument("server")
    logs = actions.add_parser("logs", help="print the end of a server's log, or of all")
    logs.add_argument("server", nargs="?")
    logs.add_argument("--lines", type=int, default=20)
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> int:
    # Not before the options are understood: the servers' clients take a second to import.
    from utilities.local_servers.actions import run

    return run(options)


if __name__ == "__main__":
    sys.exit(main())
