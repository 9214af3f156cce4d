"""Servers that outlived their supervisor: one ended by SIGKILL leaves its children running.

supervisord tells each child its own address, in the environment that the children of the child inherit: so exactly
the processes of one stack are found, whatever they are called, and no shell or editor that merely looks at its files.
"""

import re
import signal
from pathlib import Path

import psutil

from config.errors import TerminalError

ADDRESS = "SUPERVISOR_SERVER_URL"
PROGRAM = "SUPERVISOR_PROCESS_NAME"
KILLED_SECONDS = 10.0


def end_leftovers(configuration: Path, socket: Path, seconds: float) -> int:
    """End the supervisor of `configuration` that does not answer, and what is left of its servers; returns how many.

    Each server gets its own stop signal and `seconds`, then SIGKILL. Raises TerminalError that names those which could
    not be ended.
    """
    daemons = [process for process in psutil.process_iter() if _is_supervisor(process, configuration)]
    denied = [process for process in daemons if not _signal(process, signal.SIGTERM)]
    psutil.wait_procs(daemons, timeout=seconds)
    servers = [process for process in psutil.process_iter() if _address(process) == f"unix://{socket}"]
    children = [child for process in servers for child in _children(process)]
    signals = _stop_signals(configuration)
    for process in servers:
        _signal(process, signals.get(_program(process), signal.SIGTERM))
    everything = list({*daemons, *servers, *children})
    _, alive = psutil.wait_procs(everything, timeout=seconds)
    denied += [process for process in alive if not _signal(process, signal.SIGKILL)]
    _, alive = psutil.wait_procs(alive, timeout=KILLED_SECONDS)
    left = sorted({process.pid for process in [*alive, *denied] if process.is_running()})
    if left:
        raise TerminalError(
            f"the supervisor is gone and these of its servers could not be ended: pid {', '.join(map(str, left))};"
            " end them as the user they run under"
        )
    return len(everything)


def _is_supervisor(process: psutil.Process, configuration: Path) -> bool:
    try:
        words = process.cmdline()
    except psutil.Error:
        return False
    is_supervisord = any(Path(word).name in ("supervisord", "supervisord.py") for word in words)
    return is_supervisord and str(configuration) in words


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return dict(process.environ())
    except (psutil.Error, OSError, ValueError):
        return {}


def _address(process: psutil.Process) -> str:
    return _environment(process).get(ADDRESS, "")


def _program(process: psutil.Process) -> str:
    return _environment(process).get(PROGRAM, "")


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def _signal(process: psutil.Process, number: signal.Signals) -> bool:
    """Whether the process could be signalled, or is gone."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
    return True


def _stop_signals(configuration: Path) -> dict[str, signal.Signals]:
    """By program: the signal that the supervisor would have stopped it with."""
    text = configuration.read_text() if configuration.exists() else ""
    sections = re.split(r"^\[program:(.+)\]$", text, flags=re.MULTILINE)
    found = {}
    for name, body in zip(sections[1::2], sections[2::2], strict=True):
        stop = re.search(r"^stopsignal=(\w+)$", body, re.MULTILINE)
        if stop is not None:
            found[name] = signal.Signals[f"SIG{stop.group(1)}"]
    return found
