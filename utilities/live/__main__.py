"""`./millrace live`: the servers, a shop's events as they happen, all stages, and the dashboard; until Ctrl-C.

Prints the dashboard's address once it has something to show. Each stage is a process of its own with a log of its own;
one that ends is started again. The servers go on afterwards, as after `./millrace up`.
"""

import argparse
import fcntl
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from config.command_line import run_command
from config.errors import TerminalError
from config.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from utilities.live.keeper import Kept

logger = logging.getLogger("millrace.live")

PARTITIONS = 3
READY_SECONDS = 300.0
SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_ASKING = 2.0


def main(arguments: list[str] | None = None) -> int:
    """Run the live side until SIGTERM or Ctrl-C; returns the exit status."""
    parser = argparse.ArgumentParser(prog="live", description="A shop as it happens, in the dashboard.")
    parser.add_argument(
        "--rate", type=_rate, default=10.0, help="events of the main feed a second, mean of a day (10; 0: none)"
    )
    parser.add_argument(
        "--feed-rate", type=_rate, default=10.0, help="events of all other feeds a second, mean of a week (10; 0: none)"
    )
    parser.add_argument(
        "--etl-minutes", type=_rate, default=10.0, help="minutes between two runs of the ETL (10; 0: none)"
    )
    return run_command(parser, _run, arguments)


def _rate(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no number from 0 to a million")
    return value


def _run(options: argparse.Namespace) -> None:
    # Not before the options are understood: the servers' clients take a second to import.
    from kafka.signals import stop_on_signals
    from utilities.live.keeper import Kept, stop_all
    from utilities.live.stages import stages
    from utilities.local_servers.artifacts import Artifacts
    from utilities.local_servers.settings import LocalServerSettings

    _run_module("utilities.local_servers", "up")
    settings = LocalServerSettings.load()
    artifacts = Artifacts(settings.artifacts_directory)
    artifacts.ensure_spark_kafka()
    logs = settings.stack_directory / "log"
    with _only_one(settings.stack_directory / "live.lock"):
        _topics_made()
        chosen = stages(artifacts, options.rate, options.feed_rate, options.etl_minutes)
        print(f"millrace: starting {', '.join(stage.name for stage in chosen)}; their logs are in {logs}", flush=True)
        kept, stop = [Kept(stage, logs) for stage in chosen], stop_on_signals()
        try:
            _keep(kept, stop)
        finally:
            print("millrace: stopping the stages", flush=True)
            stop_all(kept)
    print("millrace: the servers go on: ./millrace down stops them; ./millrace reconcile compares what came")


def _topics_made() -> None:
    """The main feed's, which generator and mirror make at their first time: no stage begins without its topic."""
    from utilities.event_generator.delivery import SourceGeneratorSettings, SourceTopic

    settings = SourceGeneratorSettings.load()
    SourceTopic(settings, settings.source_topic, PARTITIONS)
    _run_module("kafka.mirror", MAX_MESSAGES="1")


def _run_module(name: str, *words: str, **environment: str) -> None:
    own = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), **environment}
    if subprocess.run([sys.executable, "-m", name, *words], cwd=PROJECT_ROOT, env=own).returncode:
        raise TerminalError(f"{name} failed; the lines above say why")


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Two would send twice the events and want one port; the lock ends with the process, however that ends."""
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TerminalError("another ./millrace live runs on these servers; stop it with Ctrl-C first") from None
        yield


def _keep(kept: Sequence["Kept"], stop: Event) -> None:
    """Until `stop`: look after the stages, and say once where to look at them."""
    from utilities.live.readiness import Readiness

    readiness = Readiness()
    is_told, next_ask, patience = False, 0.0, time.monotonic() + READY_SECONDS
    while not stop.wait(SECONDS_BETWEEN_LOOKS):
        now = time.monotonic()
        for each in kept:
            each.look(now)
        if is_told or now < next_ask:
            continue
        next_ask = now + SECONDS_BETWEEN_ASKING
        missing = readiness.missing()
        if missing is None:
            print("\n".join(readiness.what_to_do_now()), flush=True)
            is_told = True
        elif now > patience:
            logger.warning("the live side is not ready yet, and is waited for missing=%s", missing)
            patience = now + READY_SECONDS


if __name__ == "__main__":
    sys.exit(main())
