"""What a measured process is charged with."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks.processes import Follower, measure
from config.errors import TerminalError

MEBIBYTE = 2**20
BUSY = "import time\nwhile time.process_time() < 0.5: pass"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_cpu_of_a_process_and_of_its_children_is_counted(tmp_path: Path) -> None:
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BUSY!r}])\n{BUSY}"
    usage = measure(python(code), os.environ, tmp_path / "log", "busy")
    assert usage.cpu_seconds >= 1.0
    assert usage.seconds >= 0.5


def test_memory_is_that_of_the_process_and_not_of_the_benchmark_that_started_it(tmp_path: Path) -> None:
    ballast = bytearray(os.urandom(1) * 200 * MEBIBYTE)
    usage = measure(
        python("import time; x = bytearray(b'x' * 50 * 2**20); time.sleep(1)"), os.environ, tmp_path / "log", "x"
    )
    assert 50 * MEBIBYTE < usage.peak_bytes < len(ballast)


def test_a_process_that_fails_is_an_error_with_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="stage ended with status 3: the reason"):
        measure(python("print('the reason'); raise SystemExit(3)"), os.environ, tmp_path / "log", "stage")


def test_a_follower_that_ended_is_noticed(tmp_path: Path) -> None:
    with Follower("peer", python("print('no brokers'); raise SystemExit(1)"), os.environ, tmp_path / "log") as follower:
        follower._process.wait()
        with pytest.raises(TerminalError, match="peer ended with status 1: no brokers"):
            follower.check()


def test_a_follower_is_stopped_at_the_end(tmp_path: Path) -> None:
    with Follower("peer", python("import time; time.sleep(600)"), os.environ, tmp_path / "log") as follower:
        process = follower._process
    assert process.returncode is not None
