"""Superset's settings, read by Superset itself (`SUPERSET_CONFIG_PATH`); utilities/superset gives the environment.

All else is Superset's default: metadata in SQLite below `SUPERSET_HOME`, results not cached, SQL Lab without workers.
"""

import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]

# Requests are counted in this process, which is the only one; unset, each start warns.
RATELIMIT_STORAGE_URI = "memory://"

# As long as the warehouse lets an analyst's statement run (POSTGRES_BI_STATEMENT_TIMEOUT_SECONDS), in seconds.
SUPERSET_WEBSERVER_TIMEOUT = 300
SQLLAB_TIMEOUT = 300
