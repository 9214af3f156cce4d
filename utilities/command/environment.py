"""What a command needs before it runs: the Python environment is made by `make`, as its targets make it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from utilities.command.table import Needs

CHECKOUT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = CHECKOUT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
RUNTIME, DEVELOPMENT = ENVIRONMENT / ".runtime", ENVIRONMENT / ".development"
SPARK = {"PYSPARK_PYTHON": str(PYTHON), "SPARK_CONF_DIR": str(CHECKOUT / "config" / "spark")}
"""What spark-submit needs to find our Python and our settings."""


def provide(needs: Needs, arguments: Sequence[str]) -> None:
    """Make what is missing, then go on as `arguments` in the Python environment; leaves with make's status if it fails.

    Returns where this process is the environment's Python already.
    """
    if needs is Needs.NOTHING:
        return
    targets = [] if needs is Needs.RUNTIME else ["prerequisites"]
    if not is_complete(RUNTIME):
        targets.append(".venv/.runtime")
    if needs is Needs.DEVELOPMENT and not is_complete(DEVELOPMENT):
        targets.append(".venv/.development")
    if targets and (status := make(*targets)) != 0:
        sys.exit(status)
    # The environment's programs are links to the machine's Python: only the prefix tells them apart.
    if Path(sys.prefix).resolve() != ENVIRONMENT.resolve():
        enter(arguments)


def is_complete(stamp: Path) -> bool:
    """Whether the environment has all that the pinned requirements of `stamp` name, as make judges it."""
    pinned = CHECKOUT / ("requirements.txt" if stamp == RUNTIME else "requirements-dev.txt")
    return stamp.exists() and PYTHON.exists() and stamp.stat().st_mtime >= pinned.stat().st_mtime


def make(*words: str) -> int:
    """Run make on the checkout's Makefile; returns its status.

    It says on standard error what it installs, since a command's standard output may be read by a program.
    """
    # Of a make that has called us, neither its variables nor its job server are meant for this one.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    }
    command = ["make", "--no-print-directory", "--silent", "--directory", str(CHECKOUT), *words]
    try:
        return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode
    except FileNotFoundError:
        print("./millrace: make is not installed: apt-get install make", file=sys.stderr)
        return 1


def enter(arguments: Sequence[str]) -> NoReturn:
    """Replace this process by the same command in the Python environment."""
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    os.execve(PYTHON, [str(PYTHON), "-m", "utilities.command", *arguments], environment)
