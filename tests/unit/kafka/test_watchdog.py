"""A process that hangs begins anew: the same command, the same pid, nothing of the former one left open."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import Consumer

from config.errors import UnavailableError
from kafka import watchdog as watchdog_module
from kafka.client import RefusedLogin
from kafka.consumer.setup import CONNECT_SECONDS, ConsumerSetup
from kafka.mirror import __main__ as mirror_command
from kafka.mirror.allowance import Allowance
from kafka.mirror.lane import Lane
from kafka.mirror.source import SourcePartition
from kafka.mirror.workers import Workers
from kafka.watchdog import Watchdog, resident_bytes, see_that_it_answers

SECONDS = 10.0

HANGS_ONCE = """
import os, socket, sys, threading
from pathlib import Path
from kafka.watchdog import Watchdog, begun_anew
os.environ.pop("PYTHONSAFEPATH")  # as the command line does
begun = Path(sys.argv[1])
if begun.exists():
    print("begun anew", os.getpid() == int(begun.read_text()), os.path.exists("/proc/self/fd/77"))
    print(begun_anew(), sys.flags.safe_path)
    sys.exit(0)
begun.write_text(str(os.getpid()))
connection = socket.socket()
os.dup2(connection.fileno(), 77, inheritable=True)  # as librdkafka's connections are
with Watchdog(seconds=0.3).guarding("landing"):
    threading.Event().wait()
"""


CANNOT_BEGIN_ANEW = """
import sys, threading
from kafka.watchdog import Watchdog
{why}
with Watchdog(seconds=0.3).guarding("landing"):
    threading.Event().wait()
"""


HANGS_IN_C = """
import ctypes, os
from kafka import watchdog
from kafka.signals import stop_on_signals
from kafka.watchdog import Watchdog, begun_anew
if begun_anew():
    os._exit(0)
stop_on_signals()
watchdog.SECONDS_TO_STOP = 0.5
mutex, lock = ctypes.create_string_buffer(64), ctypes.CDLL(None).pthread_mutex_lock
with Watchdog(seconds={seconds}).guarding("landing"):
    print("hangs", flush=True)
    lock(mutex)
    lock(mutex)
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


def test_a_process_that_takes_more_memory_than_any_stage_needs_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    modest, greedy = Event(), Event()
    taken = resident_bytes()
    assert taken > 10 * 1024**2
    for limit, barked in ((2 * taken, modest), (taken // 2, greedy)):
        with Watchdog(0.5, barked.set, limit).guarding("the mirror"):
            barked.wait(0.3 if barked is modest else SECONDS)
    assert (modest.is_set(), greedy.is_set()) == (False, True)
    assert "MiB of memory, which no stage needs, and begins anew" in caplog.text


def test_what_asks_no_kafka_client_may_take_its_time() -> None:
    barked = Event()
    watchdog = Watchdog(0.2, barked.set)
    with watchdog.guarding("landing"):
        with watchdog.pausing():
            assert not barked.wait(0.6)
        assert barked.wait(SECONDS)


def test_a_pause_is_of_its_own_thread() -> None:
    barked = Event()
    watchdog = Watchdog(0.2, barked.set)
    with ThreadPoolExecutor(1) as threads, watchdog.guarding("landing"):
        threads.submit(pause, watchdog, barked)
        assert barked.wait(SECONDS)


@pytest.mark.parametrize("seconds", [2.0, 86_400.0])
def test_a_stop_that_the_main_thread_could_not_hear_is_not_forgotten(seconds: float) -> None:
    command = [sys.executable, "-c", HANGS_IN_C.format(seconds=seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        try:
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 1
    assert "ends as it was asked to" in said


def test_whoever_was_asked_to_stop_and_is_at_work_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog_module, "SECONDS_TO_STOP", 0.3)
    monkeypatch.setattr(watchdog_module, "SECONDS_BETWEEN_LOOKS", 0.02)
    monkeypatch.setattr(watchdog_module, "stop_was_asked", lambda: True)
    barked = Event()
    watchdog = Watchdog(86_400.0, barked.set)
    for _ in range(20):
        short(watchdog)
    with watchdog.guarding("landing"):
        with watchdog.pausing():
            assert not barked.wait(0.6)
        assert barked.wait(SECONDS)


def test_a_mirror_that_hangs_when_it_leaves_its_source_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    barked = Event()
    monkeypatch.setattr("kafka.mirror.source.WATCHDOG", Watchdog(0.2, barked.set))
    source = SourcePartition({"bootstrap.servers": "127.0.0.1:9", "log_level": 0, "group.id": "g"}, "t", 0)
    source._consumer = cast(Any, SimpleNamespace(close=lambda: barked.wait(SECONDS)))
    source.close()
    assert barked.is_set()


def test_a_stage_of_many_workers_may_take_what_it_has_said() -> None:
    barked = Event()
    watchdog = Watchdog(60.0, barked.set, most_bytes=1)
    watchdog.expect(resident_bytes() * 2)
    with watchdog.guarding("landing"):
        assert not barked.wait(0.3)


def pause(watchdog: Watchdog, until: Event) -> None:
    with watchdog.pausing():
        until.wait(SECONDS)


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


def setup_of(patience_seconds: float | None) -> ConsumerSetup:
    return ConsumerSetup({}, "views", "landing", "dead", 1, patience_seconds is None, False, patience_seconds)


def test_a_run_that_has_begun_anew_has_the_patience_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [setup_of(patience).start_patience_seconds for patience in (None, 300.0)]
    monkeypatch.setenv("MILLRACE_BEGUN_ANEW", str(os.getpid()))
    assert before == [CONNECT_SECONDS, CONNECT_SECONDS]
    assert [setup_of(patience).start_patience_seconds for patience in (None, 300.0)] == [None, 300.0]
    assert RefusedLogin({"sasl.username": "of this test"}).has_worked


@pytest.mark.parametrize("is_anew", [True, False])
def test_a_mirror_that_has_begun_anew_waits_for_its_servers(monkeypatch: pytest.MonkeyPatch, is_anew: bool) -> None:
    answers = [UnavailableError("away"), UnavailableError("away"), None]

    def open_lanes() -> list[object]:
        if (error := answers.pop(0)) is not None:
            raise error
        return []

    monkeypatch.setattr(mirror_command, "pause_seconds", lambda _: 0.01)
    opener = cast(Any, SimpleNamespace(open=open_lanes))
    if is_anew:
        monkeypatch.setenv("MILLRACE_BEGUN_ANEW", str(os.getpid()))
        assert mirror_command._open(opener, True, Event()) == []
    else:
        with pytest.raises(UnavailableError):
            mirror_command._open(opener, True, Event())


def test_a_bounded_mirror_that_has_begun_anew_takes_only_what_is_left_of_its_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MILLRACE_RUN_MIRRORED", "1")  # as another process might leave it
    granted: list[int] = []

    class Takes(Workers):
        def __init__(self, lanes: list[Lane], most: int, allowance: Allowance, *rest: Any) -> None:
            granted.append(allowance.take(1_000))
            super().__init__([], most, allowance, *rest)

    def run(*taken: int) -> None:
        lanes = [SimpleNamespace(taken=each, lag=500, mirrored=0) for each in taken]
        monkeypatch.setattr(mirror_command, "_open", lambda *_: lanes)
        mirror_command.mirror(cast(Any, settings), False, False, Event())

    settings = SimpleNamespace(
        max_messages=100,
        max_workers=1,
        source_topic="t",
        source_brokers="b",
        source_username="u",
        kafka_mirror_username="u",
        destination={"bootstrap.servers": "b"},
    )
    monkeypatch.setattr(mirror_command, "Workers", Takes)
    run(700, 300)
    run(710, 310)  # another run
    monkeypatch.setenv("MILLRACE_BEGUN_ANEW", str(os.getpid()))
    run(740, 320)
    run(800, 320)
    run(800, 330)
    assert granted == [100, 100, 60, 0, 0]


def test_a_process_that_hangs_begins_anew(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HANGS_ONCE, str(tmp_path / "begun")]
    environment = {**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert done.stdout == "begun anew True False\nTrue True\n"
    assert done.returncode == 0
    assert "has not come back from the Kafka client" in done.stderr


@pytest.mark.parametrize(
    "why", ["sys.executable = '/none'", "sys.stdout = open('/dev/full', 'w'); sys.stdout.write('x')"]
)
def test_a_process_that_hangs_and_cannot_begin_anew_ends(why: str) -> None:
    """It has closed its connections by then: it would stay and do nothing, and whoever supervises it not know."""
    command = [sys.executable, "-c", CANNOT_BEGIN_ANEW.format(why=why)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "cannot begin anew and ends" in done.stderr
    assert "Traceback" not in done.stderr
