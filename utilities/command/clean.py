"""Back to a fresh clone: the servers' data, the Python environments and the tools' caches go; `.env` stays."""

import argparse
import shutil
import subprocess

from config.command_line import run_command
from utilities.command.environment import CHECKOUT, PYTHON, RUNTIME
from utilities.command.servers_data import delete_servers

MADE_HERE = (
    ".venv",
    ".venv-airflow",
    ".venv-superset",
    ".venv-anomalies",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
)


def main(arguments: list[str]) -> int:
    """Stop the servers and delete what was made; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="clean", description="Stop the servers, delete their data, the Python environments and caches; .env stays."
    )
    return run_command(parser, lambda _: clean(), arguments)


def clean() -> int:
    """Servers first: what stops them is in the environment. Nothing is deleted where they could not be stopped.

    Without an environment their supervisor is asked to; raises TerminalError where that does not suffice.
    """
    if PYTHON.exists() and RUNTIME.exists() and (CHECKOUT / ".env").exists():
        stopped = subprocess.run([PYTHON, "-m", "utilities.local_servers", "clean"], cwd=CHECKOUT)
        if stopped.returncode:
            return stopped.returncode
    else:
        delete_servers()
    for name in MADE_HERE:
        place = CHECKOUT / name
        if place.is_symlink():
            place.unlink()
        shutil.rmtree(place, ignore_errors=True)
    return 0
