"""The batch ETL as an Airflow DAG: the command of `./millrace etl`, every quarter of an hour, one run at a time.

The checkout is the one that this file lies in, or `MILLRACE_CHECKOUT` where the file was copied into a DAG folder
elsewhere. Its settings come from its `.env` and from the worker's environment. A run that fails posts its own alert,
so that no callback is needed here; Airflow only starts it again.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

CHECKOUT = Path(os.environ.get("MILLRACE_CHECKOUT") or Path(__file__).resolve().parents[3])
# The ETL's exit status while another run holds the lock of the warehouse: this turn is skipped.
UNDER_WAY = 75

with DAG(
    dag_id="millrace_etl",
    description="Load what has landed in MongoDB into the star schema.",
    schedule="*/15 * * * *",
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    # What was missed is loaded by the next run: the ETL goes on where the last one ended, whatever the hour.
    catchup=False,
    max_active_runs=1,
    tags=["millrace"],
):
    BashOperator(
        task_id="spark_submit",
        bash_command=".venv/bin/spark-submit spark/etl.py",
        cwd=str(CHECKOUT),
        env={
            "PYSPARK_PYTHON": str(CHECKOUT / ".venv" / "bin" / "python"),
            "SPARK_CONF_DIR": str(CHECKOUT / "config" / "spark"),
        },
        append_env=True,
        do_xcom_push=False,
        skip_on_exit_code=UNDER_WAY,
        # After 1, 2 and 4 minutes; Airflow adds up to as much again.
        retries=3,
        retry_delay=timedelta(minutes=1),
        retry_exponential_backoff=2,
        max_retry_delay=timedelta(minutes=10),
        execution_timeout=timedelta(hours=6),
    )
