"""The streaming job: the bus's events, counted in schema live by window of event time as they come.

    spark-submit --jars JARS spark/stream.py [--follow]

JARS are Spark's source for Kafka and what it needs (pom.xml, execution spark-kafka); `./millrace stream` gets them. The
master, the memory and the rest of Spark's configuration are spark-submit's.
"""

import sys
from pathlib import Path

# spark-submit puts this file's own folder in front, where `import spark` finds nothing.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from spark.installed_packages import prefer_installed_packages  # noqa: E402

prefer_installed_packages()

from spark.live.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
