"""The Python processes that Spark's JVM starts on this machine."""

import os
from contextlib import suppress

import psutil

DAEMONS = {"pyspark.daemon", "spark.python_daemon"}
"""The module that Spark starts: its own, or on one machine ours."""
PATIENCE_SECONDS = 5.0


def end_python_workers() -> None:
    """End the workers of this process's JVM, which have nothing left to do; executors elsewhere are left to Spark.

    Spark closes their sockets first and ends them then: a worker that notices in between prints a traceback, or as much
    of one as it has the time for.
    """
    # The JVM is our parent under spark-submit, else our child; it starts one daemon, which forks the workers.
    near = [*psutil.Process(os.getppid()).children(), *psutil.Process().children(recursive=True)]
    daemons = {process for process in near if _is_daemon(process)}
    for daemon in daemons:
        # It hangs up on its workers before it ends.
        with suppress(psutil.Error):
            daemon.terminate()
    psutil.wait_procs(daemons, timeout=PATIENCE_SECONDS)


def _is_daemon(process: psutil.Process) -> bool:
    try:
        return not DAEMONS.isdisjoint(process.cmdline())
    except psutil.Error:  # it has ended meanwhile
        return False
