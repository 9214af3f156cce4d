"""The Python workers of Spark end before their sockets are closed, so that none prints a traceback."""

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import psutil
import pytest

from spark.python_workers import end_python_workers

END = "from spark.python_workers import end_python_workers; end_python_workers()"


@contextmanager
def idle_worker(
    module: str = "pyspark.daemon",
) -> Iterator[tuple["subprocess.Popen[bytes]", socket.socket, psutil.Process]]:
    """The daemon with one worker that waits for work, and the socket that the JVM would have to it."""
    # Not below pytest's folders: a socket's path has at most 107 bytes.
    directory = TemporaryDirectory(prefix="worker-")
    own = {"PYTHON_UNIX_DOMAIN_ENABLED": "true", "PYTHON_WORKER_FACTORY_SOCK_DIR": directory.name}
    daemon = subprocess.Popen(
        [sys.executable, "-m", module, "pyspark.worker"],
        env={**os.environ, **own, "SPARK_REUSE_WORKER": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert daemon.stdout is not None
    try:
        [length] = struct.unpack("!i", daemon.stdout.read(4))
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(daemon.stdout.read(length).decode())
            [pid] = struct.unpack("!i", connection.recv(4))
            while ignores_hang_up(pid):  # as the daemon does, until it is a worker of its own
                time.sleep(0.01)
            yield daemon, connection, psutil.Process(pid)
    finally:
        daemon.kill()
        daemon.communicate()
        directory.cleanup()


def ignores_hang_up(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    ignored = next(line.split()[1] for line in status.splitlines() if line.startswith("SigIgn:"))
    return bool(int(ignored, 16) & 1 << signal.SIGHUP - 1)


@pytest.mark.parametrize("ended_before", [True, False])
def test_a_worker_that_is_ended_first_says_nothing_of_its_closed_socket(ended_before: bool) -> None:
    with idle_worker() as (daemon, connection, worker):
        if ended_before:
            # Of a process of its own: this one may have a Spark whose workers other tests need.
            with subprocess.Popen([sys.executable, "-c", END]) as ending:
                daemon.wait(60)  # which the JVM does as well: who is not waited for is taken for alive
                worker.wait(60)
            assert ending.returncode == 0
        connection.close()
        worker.wait(60)
        daemon.terminate()
        _, said = daemon.communicate(timeout=60)
    assert ("Traceback" in said.decode()) is not ended_before


@pytest.mark.parametrize("module", ["pyspark.daemon", "spark.python_daemon"])
def test_the_daemon_of_either_module_is_ended(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with idle_worker(module) as (daemon, _, worker):
        monkeypatch.setattr(psutil.Process, "children", lambda *_, **__: [psutil.Process(daemon.pid)])
        end_python_workers()
        worker.wait(60)
        daemon.wait(60)


def test_a_process_that_ends_meanwhile_keeps_no_other_from_being_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with idle_worker() as (daemon, _, worker):
        near = [psutil.Process(daemon.pid)]
        ended = SimpleNamespace(cmdline=raise_no_such_process)
        monkeypatch.setattr(psutil.Process, "children", lambda *_, **__: [ended, *near])
        end_python_workers()
        worker.wait(60)
        daemon.wait(60)


def raise_no_such_process() -> list[str]:
    raise psutil.NoSuchProcess(1)
