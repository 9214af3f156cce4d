"""What Spark forks its Python workers from on one machine: it has imported once what the tasks need.

A worker that begins with nothing spends 0.8 s of CPU on these imports and on its first user agent and referrer, and
even the smallest run has four workers. Spark's own daemon, which it replaces, imports as little as it can. Executors
on other machines have that one: they get our packages with their first task.
"""

from spark.installed_packages import prefer_installed_packages

prefer_installed_packages()

import pandas  # type: ignore[import-untyped] # noqa: E402
from pyspark.daemon import manager  # noqa: E402

from spark import members, reader, stage  # noqa: E402
from spark.enrichment.referrer import normalize_referrer  # noqa: E402
from spark.enrichment.user_agent import parse_user_agent  # noqa: E402

IMPORTED = (pandas, members, reader, stage)

if __name__ == "__main__":
    # Their tables are read at the first use.
    parse_user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
    normalize_referrer("https://www.example.com/", ())
    manager()
