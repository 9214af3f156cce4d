"""What each action does with the servers of this checkout, and what it prints."""

import argparse
import sys
import time
from contextlib import nullcontext

from rich.table import Table

from config.console import result_console
from config.errors import TerminalError
from config.printable import printable_lines
from config.secret_settings import SecretSettings
from config.settings import environment_file
from config.signs_of_life import working
from utilities.bootstrap import bootstrap
from utilities.local_servers.environment import ensure_secrets
from utilities.local_servers.misspelt import misspelt
from utilities.local_servers.places import delete_stack, refuse_foreign
from utilities.local_servers.settings import LocalServerSettings
from utilities.local_servers.stack import ServerStatus, Stack
from utilities.local_servers.stack_lock import alone


def run(options: argparse.Namespace) -> int:
    """Do what the command line asks for; returns the exit status."""
    if options.action == "env":
        _write_secrets()
        return 0
    actions = {"up": _up, "down": _down, "status": _status, "clean": _clean, "logs": _logs}
    action = actions.get(options.action, _stop_or_start)
    is_up = options.action == "up"
    if not is_up and not environment_file().exists():
        raise TerminalError("there are no local servers yet: run ./millrace up")
    settings = LocalServerSettings.load()
    only_looks = options.action in ("status", "logs")
    if only_looks:
        refuse_foreign(settings.stack_directory, settings.state_directory)
    with nullcontext() if only_looks else alone(settings.stack_directory, create=is_up):
        # Also to stop what an earlier release has started: its file lacks the secrets that have been added since.
        _write_secrets()
        return action(Stack(settings, SecretSettings.load()), options)


def _write_secrets() -> None:
    path = environment_file()
    added = ensure_secrets(path)
    if added:
        print(f"millrace: wrote {len(added)} generated secrets into {path.name} (mode 600)")
    for line in misspelt(path):
        print(f"millrace: {line}", file=sys.stderr)


def _up(stack: Stack, _: argparse.Namespace) -> int:
    started = time.monotonic()
    print(f"millrace: starting the servers; their logs are in {stack.settings.stack_directory / 'log'}", flush=True)
    stack.up()
    bootstrap(stack.secrets, skip=set(stack.external))
    _print_table(stack.status())
    print(f"millrace: all servers answer after {time.monotonic() - started:.0f} s")
    return 0


def _down(stack: Stack, _: argparse.Namespace) -> int:
    with working("stopping the servers"):
        stack.supervisor.shut_down()
    print("millrace: the servers are stopped; their data is kept")
    return 0


def _status(stack: Stack, _: argparse.Namespace) -> int:
    rows = stack.status()
    _print_table(rows)
    return 0 if all(row.state == "running" or (row.pid is None and "yours" in row.state) for row in rows) else 1


def _clean(stack: Stack, _: argparse.Namespace) -> int:
    with working("stopping the servers"):
        stack.supervisor.shut_down()
    delete_stack(stack.settings.stack_directory)
    return 0


def _stop_or_start(stack: Stack, options: argparse.Namespace) -> int:
    chosen = [server for server in stack.servers if server.name == options.server]
    if not chosen:
        raise TerminalError(f"there is no server {options.server}; there are {', '.join(_names(stack))}")
    state = stack.supervisor.states().get(options.server, {}).get("statename")
    if state is None:
        raise TerminalError("the servers are stopped: ./millrace up starts them all")
    if options.action == "stop":
        with working(f"stopping {options.server}"):
            stack.supervisor.stop_server(options.server)
        print(f"millrace: {options.server} is stopped; its data is kept")
        return 0
    chosen[0].link_programs(again=False)
    chosen[0].refresh()
    stack.supervisor.start_server(options.server)
    stack.wait_until_ready(chosen)
    print(f"millrace: {options.server} answers on {chosen[0].address}")
    return 0


def _logs(stack: Stack, options: argparse.Namespace) -> int:
    chosen = [server for server in stack.servers if options.server in (None, server.name)]
    if not chosen:
        raise TerminalError(f"there is no server {options.server}; there are {', '.join(_names(stack))}")
    for server in chosen:
        print(f"==> {server.log} <==")
        if server.log.exists():
            with server.log.open("rb") as stream:
                stream.seek(max(0, server.log.stat().st_size - 65536))
                lines = stream.read().decode(errors="replace").splitlines()
            print(printable_lines("\n".join(lines[-options.lines :])))
    return 0


def _names(stack: Stack) -> list[str]:
    return [server.name for server in stack.servers]


def _print_table(rows: list[ServerStatus]) -> None:
    table = Table("server", "address", "state", "pid", "memory", "version", box=None, pad_edge=False)
    for row in rows:
        memory = "" if row.memory is None else f"{row.memory / 2**20:.0f} MiB"
        table.add_row(row.name, row.address, row.state, str(row.pid or ""), memory, row.version)
    total = sum(row.memory or 0 for row in rows)
    table.add_row("total", "", "", "", f"{total / 2**20:.0f} MiB", "")
    result_console().print(table)
