"""The secrets of `.env`, for `docker compose` too: a machine with Docker alone writes them by the image."""

import argparse
import os
import shutil
import subprocess

from config.command_line import run_command
from utilities.command.environment import CHECKOUT, PYTHON, RUNTIME, is_complete, make

IMAGE = "millrace:0.1.0"  # the name that docker-compose.yml gives it too
BUILD = ("docker", "build", "--quiet", "--file", "deploy/Dockerfile", "--tag", IMAGE, ".")
WRITE = ("-m", "utilities.local_servers", "env")


def main(arguments: list[str]) -> int:
    """Write what is missing; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="env", description="Write the missing secrets into .env; start nothing (up does it by itself)."
    )
    return run_command(parser, lambda _: write_secrets(), arguments)


def write_secrets() -> int:
    """By the Python environment; where there is none, by the image; where there is no Docker either, make one."""
    os.chdir(CHECKOUT)
    if not is_complete(RUNTIME):
        if shutil.which("docker"):
            return _by_the_image()
        if status := make(".venv/.runtime"):
            return status
    return _by_the_environment()


def _by_the_environment() -> int:
    os.execv(PYTHON, [str(PYTHON), *WRITE])


def _by_the_image() -> int:
    built = subprocess.run(BUILD, stdout=subprocess.DEVNULL)
    if built.returncode:
        return built.returncode
    run = ["docker", "run", "--rm", "--user", f"{os.getuid()}:{os.getgid()}", "--volume", f"{CHECKOUT}:/checkout"]
    run += ["--env", "MILLRACE_ENV_FILE=/checkout/.env", IMAGE, "python", *WRITE]
    return subprocess.run(run).returncode
