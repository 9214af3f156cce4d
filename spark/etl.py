"""The batch ETL: what has landed since the last run, from MongoDB to the star schema, exactly once.

    spark-submit spark/etl.py [--wait]

The master, the memory and the rest of Spark's configuration are spark-submit's; `python spark/etl.py` runs on all
local cores.
"""

import sys
from pathlib import Path

# spark-submit puts this file's own folder in front, where `import spark` finds nothing.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from spark.installed_packages import prefer_installed_packages  # noqa: E402

prefer_installed_packages()

from spark.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
