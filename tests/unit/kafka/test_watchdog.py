"""A process that hangs begins anew: the same command, the same pid, nothing of the former one left open."""

import subprocess
import sys
from pathlib import Path
from threading import Event

from kafka.watchdog import Watchdog

SECONDS = 10.0

HANGS_ONCE = """
import os, socket, sys, threading
from pathlib import Path
from kafka.watchdog import Watchdog
begun = Path(sys.argv[1])
if begun.exists():
    print("begun anew", os.getpid() == int(begun.read_text()), os.path.exists("/proc/self/fd/77"))
    sys.exit(0)
begun.write_text(str(os.getpid()))
connection = socket.socket()
os.dup2(connection.fileno(), 77, inheritable=True)  # as librdkafka's connections are
with Watchdog("landing", seconds=0.3):
    threading.Event().wait()
"""


def test_whoever_is_silent_for_too_long_is_noticed_and_nobody_else() -> None:
    barked = Event()
    with Watchdog("landing", 0.2, barked.set) as watchdog:
        for _ in range(10):
            watchdog.alive()
            assert not barked.wait(0.05)
        assert barked.wait(SECONDS)
    barked.clear()
    with Watchdog("landing", 0.1, barked.set):
        pass
    assert not barked.wait(0.3)


def test_a_process_that_hangs_begins_anew(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HANGS_ONCE, str(tmp_path / "begun")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == "begun anew True False\n"
    assert done.returncode == 0
    assert "has not come back from the Kafka client" in done.stderr
