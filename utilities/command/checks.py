"""What a developer runs: the tests, the checks, and the two tasks that stay in the Makefile."""

import argparse
import os
import shlex
import subprocess
import sys

from config.command_line import run_command
from utilities.command.environment import CHECKOUT, make

PACKAGES = ("anomalies", "benchmarks", "config", "kafka", "migrations", "serving", "spark", "utilities", "tests")
TYPED = (*PACKAGES, "deploy/compose/connected.py")
WHOLE_SUITE = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "--durations", "25")
"""Two workers, each with servers of its own: most of a server test is waiting. Files stay whole, and in their order."""


def tests(arguments: list[str]) -> int:
    """Replace this process by pytest in the checkout, where the tests' names in `arguments` are looked for.

    Without any, and on servers that the tests start, the whole suite runs in two workers.
    """
    os.chdir(CHECKOUT)
    # One test that somebody chose asks for no browser: those that need one are skipped without it.
    if not arguments and (status := make("prerequisites-for-tests")) != 0:
        sys.exit(status)
    chosen = arguments or ([] if "TEST_SERVERS" in os.environ else WHOLE_SUITE)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *chosen])


def lint(arguments: list[str]) -> int:
    """ruff, its formatter, then mypy; the status of the first that finds a fault."""
    parser = argparse.ArgumentParser(prog="lint", description="ruff, its formatter, and mypy over the checkout.")
    return run_command(parser, lambda _: _lint(), arguments)


def _lint() -> int:
    for tool, *rest in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", *TYPED]):
        program = str(CHECKOUT / ".venv" / "bin" / tool)
        if status := subprocess.run([program, *rest], cwd=CHECKOUT).returncode:
            return status
    return 0


def soak(arguments: list[str]) -> int:
    """`make soak`."""
    return make("soak", _for_make(arguments))


def lock(arguments: list[str]) -> int:
    """`make lock`; an option that is asked for must not pin everything anew."""
    parser = argparse.ArgumentParser(
        prog="lock", description="Pin the newest versions that requirements*.in allow, with their hashes."
    )
    return run_command(parser, lambda _: make("lock"), arguments)


def _for_make(arguments: list[str]) -> str:
    return f"ARGS={shlex.join(arguments)}".replace("$", "$$")
