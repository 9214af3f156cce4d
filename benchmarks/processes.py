"""Processes whose cost is measured: wall time, CPU and peak memory, each with all its descendants."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

import psutil

from config.errors import TerminalError
from config.settings import PROJECT_ROOT

SAMPLE_SECONDS = 0.1
# Finding the children looks at every process of the machine, so it is done less often than looking at them.
SAMPLES_BETWEEN_CENSUS = 5
STOP_SECONDS = 30.0


@dataclass(frozen=True)
class Usage:
    """What a process cost: wall seconds, CPU seconds (user and system) and peak resident bytes."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


class _Watch(Thread):
    """Samples a process and its descendants until told to stop.

    Not getrusage's maximum: on Linux it starts at what the parent had before `exec`, here a benchmark full of events.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(name=f"watch-{pid}", daemon=True)
        self._pid = pid
        self._pids = [pid]
        self._cpu: dict[int, float] = {}
        self._peaks: dict[int, int] = {}
        self._greatest_sum = 0
        self._stop_asked = Event()
        self.start()

    @property
    def cpu_seconds(self) -> float:
        """CPU of all processes seen, each as of its last sample."""
        return sum(self._cpu.values())

    @property
    def peak_bytes(self) -> int:
        """A single process's own high-water mark; of several the greatest sum seen at one time."""
        return max(self._greatest_sum, *self._peaks.values()) if self._peaks else 0

    def run(self) -> None:
        samples = 0
        while not self._stop_asked.wait(SAMPLE_SECONDS if samples else 0):
            if samples % SAMPLES_BETWEEN_CENSUS == 0:
                self._pids = [self._pid, *descendants(self._pid)]
            self.sample()
            samples += 1

    def sample(self) -> None:
        resident_now = 0
        for pid in self._pids:
            memory = memory_bytes(pid)
            if memory is not None:
                resident, self._peaks[pid] = memory
                resident_now += resident
                self._cpu[pid] = cpu_seconds(pid)
        self._greatest_sum = max(self._greatest_sum, resident_now)

    def end(self) -> None:
        self._stop_asked.set()
        self.join()


def descendants(pid: int) -> list[int]:
    """Children of a process and theirs; none once it is gone."""
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def memory_bytes(pid: int) -> tuple[int, int] | None:
    """Resident bytes now and at their highest (VmRSS, VmHWM of proc(5)); None for a process that is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in lines)
    if "VmRSS" not in fields:
        return None
    return _kilobytes(fields["VmRSS"]), _kilobytes(fields["VmHWM"])


def _kilobytes(value: str) -> int:
    return int(value.split()[0]) * 1024


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads; 0 once it is gone."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def tree_cpu_seconds(pid: int) -> float:
    """User and system time of a process and its descendants, with those that have ended and were waited for."""
    total = 0.0
    for each in (pid, *descendants(pid)):
        with suppress(psutil.NoSuchProcess):
            times = psutil.Process(each).cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def measure(command: Sequence[str], environment: Mapping[str, str], log: Path, name: str) -> Usage:
    """Run a command in the checkout to its end; raises TerminalError with its last line when it fails.

    CPU is what the kernel accounted to the finished child and those it waited for, or, where a descendant was not
    waited for, the sum of what was sampled.
    """
    with log.open("ab") as output:
        started = time.monotonic()
        process = _start(command, environment, output.fileno())
        watch = _Watch(process.pid)
        try:
            _, status, resources = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            seconds = time.monotonic() - started
            watch.end()
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise TerminalError(f"{name} ended with status {process.returncode}: {last_line(log)}")
    return Usage(seconds, max(resources.ru_utime + resources.ru_stime, watch.cpu_seconds), watch.peak_bytes)


def _start(command: Sequence[str], environment: Mapping[str, str], output: int) -> subprocess.Popen[bytes]:
    # In a session of its own: Ctrl-C reaches the benchmark, which then ends what it has started in order.
    return subprocess.Popen(
        list(command),
        cwd=PROJECT_ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def last_line(log: Path) -> str:
    """The last line that a process wrote."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"


class Follower:
    """A process that runs until it is stopped, as a context: `with Follower(...) as follower`."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._log = log
        self._output = log.open("ab")
        self._process = _start(command, environment, self._output.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # Also when a second signal ends the waiting: nothing may be left running.
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._output.close()

    def check(self) -> None:
        """Raise TerminalError with the process's last line when it has ended."""
        if self._process.poll() is not None:
            raise TerminalError(f"{self.name} ended with status {self._process.returncode}: {last_line(self._log)}")

    def cpu_seconds(self) -> float:
        """CPU so far, of all threads."""
        return cpu_seconds(self._process.pid)

    def all_cpu_seconds(self) -> float:
        """CPU so far, of all threads and all descendants."""
        return tree_cpu_seconds(self._process.pid)

    def peak_bytes(self) -> int:
        """The highest resident memory so far."""
        memory = memory_bytes(self._process.pid)
        return memory[1] if memory is not None else 0
