"""The ETL by spark-submit, whose own settings (master, memory) come from the environment and config/spark."""

import argparse
import os

from config.command_line import run_command
from spark.settings import EtlSettings
from utilities.command.environment import CHECKOUT, PYTHON


def main(arguments: list[str]) -> int:
    """Replace this process by spark-submit; spark.command knows the options."""
    return run_command(argparse.ArgumentParser(prog="etl"), lambda _: _run(arguments), [])


def _run(arguments: list[str]) -> None:
    EtlSettings.load()  # spark-submit starts a JVM by them, which would answer a wrong one in words of its own
    program = PYTHON.with_name("spark-submit")
    os.execv(program, [str(program), str(CHECKOUT / "spark" / "etl.py"), *arguments])
