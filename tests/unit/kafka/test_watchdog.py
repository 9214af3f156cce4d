"""A process that hangs begins anew: the same command, the same pid, nothing of the former one left open."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from confluent_kafka import Consumer

from kafka.watchdog import Watchdog, see_that_it_answers

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
with Watchdog(seconds=0.3).guarding("landing"):
    threading.Event().wait()
"""


def test_what_lasts_too_long_is_noticed_and_nothing_else() -> None:
    barked = Event()
    watchdog = Watchdog(0.2, barked.set)
    with ThreadPoolExecutor(2) as threads:
        for _ in range(20):
            threads.submit(short, watchdog)
    assert not barked.wait(0.3)
    with watchdog.guarding("landing"), watchdog.guarding("its close"):
        assert barked.wait(SECONDS)


def short(watchdog: Watchdog) -> None:
    with watchdog.guarding("a round"):
        time.sleep(0.03)


def test_a_client_that_lives_answers_at_once_though_no_server_does() -> None:
    config = {"bootstrap.servers": "127.0.0.1:9", "log_level": 0, "group.id": "g"}
    consumer = Consumer(config)
    began = time.monotonic()
    see_that_it_answers(consumer)
    assert time.monotonic() - began < SECONDS
    consumer.close()


def test_a_process_that_hangs_begins_anew(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HANGS_ONCE, str(tmp_path / "begun")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == "begun anew True False\n"
    assert done.returncode == 0
    assert "has not come back from the Kafka client" in done.stderr
