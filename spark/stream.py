"""The streaming job: the bus's events, counted in schema live by window of event time as they come.

    PYSPARK_SUBMIT_ARGS="--jars JARS pyspark-shell" python spark/stream.py [--follow]

JARS are Spark's source for Kafka and what it needs (pom.xml, execution spark-kafka); `./millrace stream` gets them.
"""

import sys
from pathlib import Path

# Python puts this file's own folder in front, where `import spark` finds nothing.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from spark.installed_packages import prefer_installed_packages  # noqa: E402

prefer_installed_packages()

from spark.live.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
