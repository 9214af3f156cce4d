import os
import subprocess
import sys
from pathlib import Path

import pyspark

SPARK = Path(pyspark.__file__).parent
ARCHIVE = SPARK / "python" / "lib" / "pyspark.zip"
WHERE = """
from spark.installed_packages import prefer_installed_packages
prefer_installed_packages()
import pyspark
print(pyspark.__file__)
"""


def imported_from(spark_home: Path) -> Path:
    path = os.pathsep.join([str(ARCHIVE), str(Path.cwd())])
    environment = {**os.environ, "PYTHONPATH": path, "SPARK_HOME": str(spark_home)}
    found = subprocess.run([sys.executable, "-c", WHERE], env=environment, check=True, capture_output=True, text=True)
    return Path(found.stdout.strip())


def test_the_spark_that_pip_installed_is_not_imported_from_its_archive() -> None:
    assert imported_from(SPARK) == SPARK / "__init__.py"


def test_another_spark_is_imported_from_the_archive_that_it_gives(tmp_path: Path) -> None:
    assert imported_from(tmp_path).is_relative_to(ARCHIVE)
