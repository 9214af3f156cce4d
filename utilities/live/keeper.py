"""Processes that are kept running: one that ends is started again, and all end with the command that started them."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from config.settings import PROJECT_ROOT
from utilities.live.stages import Stage

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0
STEADY_SECONDS = 120.0
"""A process that ran for so long has not failed at its start; its next pause is the first one again."""
STOP_SECONDS = 60.0
# They end with this process, however it ends: nobody would look after them.
WITH_US = ("setpriv", "--pdeathsig", "TERM", "--")


class Kept:
    """One stage and its process, whose output goes to `<name>.log` in `directory`, which begins anew with this."""

    def __init__(self, stage: Stage, directory: Path) -> None:
        self.stage = stage
        self.log = directory / f"{stage.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._next = time.monotonic() + stage.wait_seconds if stage.wait_seconds else 0.0
        self._pause = FIRST_PAUSE_SECONDS
        self.log.write_bytes(b"")

    @property
    def is_running(self) -> bool:
        """Whether there is a process that has not ended."""
        return self._process is not None and self._process.poll() is None

    def look(self, now: float) -> None:
        """Start what is due, and notice what has ended."""
        if self._process is None:
            if now >= self._next:
                self._start(now)
        elif (status := self._process.poll()) is not None:
            self._process = None
            self._ended(status, now)

    def stop(self) -> None:
        """Ask the process to end."""
        if self._process is not None:
            self._process.terminate()

    def wait(self, deadline: float) -> None:
        """Wait for the end of a process that was asked; after `deadline` it is killed, which no stage minds."""
        if self._process is None:
            return
        try:
            self._process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            logger.warning("a stage did not stop and is killed stage=%s", self.stage.name)
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def _start(self, now: float) -> None:
        environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "MAX_MESSAGES": "0", **self.stage.environment}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*WITH_US, *self.stage.command],
                cwd=PROJECT_ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for this command alone, which stops the stages in its own way.
                start_new_session=True,
            )
        self._started = now

    def _ended(self, status: int, now: float) -> None:
        every = self.stage.every_seconds
        if status == 0 and every is not None:
            self._next, self._pause = now + every, FIRST_PAUSE_SECONDS
            return
        if now - self._started > STEADY_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        self._next = now + self._pause
        template = "a stage ended and is started again stage=%s status=%d in_seconds=%.0f log=%s"
        logger.warning(template, self.stage.name, status, self._pause, self.log)
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)


def stop_all(kept: Sequence[Kept]) -> None:
    """Stop the last started first, so that what writes ends before what it writes to; all at once in fact."""
    for each in reversed(kept):
        each.stop()
    deadline = time.monotonic() + STOP_SECONDS
    for each in kept:
        each.wait(deadline)
