"""The ETL by spark-submit, whose own settings (master, memory) come from the environment and config/spark."""

import os
import sys
from pathlib import Path

from config.settings import PROJECT_ROOT


def main(arguments: list[str]) -> int:
    """Replace this process by spark-submit; spark.pipeline knows the options."""
    program = Path(sys.executable).with_name("spark-submit")
    os.execv(program, [str(program), str(PROJECT_ROOT / "spark" / "etl.py"), *arguments])
