"""The processes of `./millrace live`: kept running, told of in a log each, and ended together."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path

import psutil
import pytest

from config.errors import TerminalError
from utilities.event_generator.delivery import at_their_time
from utilities.event_generator.stream import HOUR_MS, HOURS, Plan, Record, generate
from utilities.live.__main__ import _only_one
from utilities.live.keeper import Kept, stop_all
from utilities.live.stages import Stage, stages
from utilities.local_servers.artifacts import Artifacts

PATIENCE_SECONDS = 30


def python(text: str) -> tuple[str, ...]:
    return (sys.executable, "-u", "-c", text)


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Callable[[Stage], Kept]]:
    kept: list[Kept] = []

    def made(stage: Stage) -> Kept:
        kept.append(Kept(stage, tmp_path))
        return kept[-1]

    yield made
    stop_all(kept)


def test_a_stage_that_fails_is_started_again_after_a_pause_that_grows(keep: Callable[[Stage], Kept]) -> None:
    stage = keep(Stage("broken", python("print('began'); raise SystemExit(3)")))
    clock = 0.0
    for number, pause in enumerate((2.0, 4.0, 8.0), start=1):
        stage.look(clock)
        until(lambda: not stage.is_running)
        assert stage.log.read_text().count("began") == number
        stage.look(clock)
        stage.look(clock + pause - 0.1)
        assert not stage.is_running, "its pause was not waited for"
        clock += pause


def test_a_stage_that_ends_well_is_run_again_in_its_time(keep: Callable[[Stage], Kept]) -> None:
    stage = keep(Stage("etl", python("print('ran')"), every_seconds=600))
    stage.look(0)
    until(lambda: not stage.is_running)
    stage.look(1)
    stage.look(600)
    assert not stage.is_running
    stage.look(601)
    until(lambda: stage.log.read_text().count("ran") == 2)


def test_all_are_asked_to_stop_and_waited_for(keep: Callable[[Stage], Kept]) -> None:
    text = "import signal, sys, time\nsignal.signal(15, lambda *_: (print('ended in order'), sys.exit()))\n"
    stage = keep(Stage("following", python(text + "print('ready')\ntime.sleep(600)")))
    stage.look(0)
    until(lambda: "ready" in stage.log.read_text())
    stop_all([stage])
    assert "ended in order" in stage.log.read_text()
    assert not stage.is_running


def test_stages_end_with_the_command_however_that_ends(tmp_path: Path) -> None:
    text = f"""
import time
from pathlib import Path
from utilities.live.keeper import Kept
from utilities.live.stages import Stage
sleep = "import os, time; print(os.getpid()); time.sleep(600)"
stage = Kept(Stage("sleeper", ({sys.executable!r}, "-uc", sleep)), Path({str(tmp_path)!r}))
stage.look(0)
time.sleep(600)
"""
    command = subprocess.Popen([sys.executable, "-c", text])
    log = tmp_path / "sleeper.log"
    until(lambda: log.exists() and log.read_text().endswith("\n"))
    pid = int(log.read_text())
    command.kill()
    command.wait()
    until(lambda: not psutil.pid_exists(pid))


def test_two_of_them_do_not_run_on_one_set_of_servers(tmp_path: Path) -> None:
    refused = pytest.raises(TerminalError, match="another")
    with _only_one(tmp_path / "live.lock"), refused, _only_one(tmp_path / "live.lock"):
        pass
    with _only_one(tmp_path / "live.lock"):
        pass


def test_what_has_no_rate_is_left_out(tmp_path: Path) -> None:
    names = [stage.name for stage in stages(Artifacts(tmp_path), rate=5, feed_rate=0, etl_minutes=0)]
    assert "generator" in names
    assert {"etl", "generator-feeds"}.isdisjoint(names)


def test_a_live_shop_begins_at_its_own_hour() -> None:
    plan = Plan(24_000, 1, date(2026, 11, 27), 1, duplicates=0, late=0, broken=0)
    skipped = 15 * HOUR_MS + 7 * 60_000
    times = [record.timestamp_ms for record in generate(plan, skipped)]
    first = plan.start_ms() + skipped
    assert first <= min(times)
    # Three in the afternoon has four times the traffic of two hours past midnight.
    busy, quiet = (sum(first + k * HOUR_MS <= at < first + (k + 1) * HOUR_MS for at in times) for k in (0, 11))
    assert HOURS[15] / HOURS[2] * 0.7 < busy / quiet < HOURS[15] / HOURS[2] * 1.4


def test_no_record_is_sent_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000.0]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    records = [Record(int(at * 1000), None, b"") for at in (999, 1_005, 1_002, 1_060)]
    sent = [(clock[0], record.timestamp_ms / 1000) for record in islice(at_their_time(records), 4)]
    assert [at for at, _ in sent] == [1_000, 1_005, 1_005, 1_060]
