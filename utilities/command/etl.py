"""The ETL by spark-submit, whose own settings (master, memory) come from the environment and config/spark."""

import argparse
import os

from config.command_line import run_command
from spark.settings import EtlSettings
from utilities.command.environment import CHECKOUT, PYTHON


def main(arguments: list[str]) -> int:
    """Replace this process by spark-submit, which `--feeds` does without; spark.command knows the options."""
    if any(argument.partition("=")[0] == "--feeds" for argument in arguments):
        from spark.command import main as load_feeds

        return load_feeds(arguments)
    return run_command(argparse.ArgumentParser(prog="etl"), lambda _: _run(arguments), [])


def _run(arguments: list[str]) -> None:
    EtlSettings.load()  # spark-submit starts a JVM by them, which would answer a wrong one in words of its own
    program = PYTHON.with_name("spark-submit")
    os.execv(program, [str(program), str(CHECKOUT / "spark" / "etl.py"), *arguments])
