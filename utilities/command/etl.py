"""The ETL by spark-submit, whose own settings (master, memory) come from the environment and config/spark."""

import os

from utilities.command.environment import CHECKOUT, PYTHON


def main(arguments: list[str]) -> int:
    """Replace this process by spark-submit; spark.command knows the options."""
    program = PYTHON.with_name("spark-submit")
    os.execv(program, [str(program), str(CHECKOUT / "spark" / "etl.py"), *arguments])
