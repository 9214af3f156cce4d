"""The mirror: copies the source topic to the local cluster exactly once, each record as it is.

    python -m kafka.mirror [--follow]

Stops at the source's end offsets as of its start, or after MAX_MESSAGES records, whichever comes first. With
`--follow` it keeps running, and MAX_MESSAGES does not apply.
"""

import argparse
import logging
import sys
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event

from config.command_line import run_command
from config.errors import UnavailableError
from kafka.allowance import Allowance
from kafka.mirror_lane import Lane
from kafka.mirror_settings import MirrorSettings
from kafka.mirror_start import open_lanes
from kafka.progress import ProgressReport
from kafka.signals import stop_on_signals

logger = logging.getLogger("kafka.mirror")

SECONDS_PER_ROUND = 0.2
SECONDS_BETWEEN_REPORTS = 0.25


def mirror(settings: MirrorSettings, follow: bool, skip_lost: bool, stop: Event) -> int:
    """Mirror until the end, the limit or `stop`; returns how many records were mirrored.

    Raises AccessError, UnavailableError or TerminalError with a message for the operator.
    """
    lanes = open_lanes(settings, follow, skip_lost, stop)
    limit = None if follow or settings.max_messages == 0 else settings.max_messages
    to_come = sum(lane.lag for lane in lanes)
    total = None if follow else min(to_come, limit) if limit is not None else to_come
    try:
        with ProgressReport("mirror", total) as report:
            _run_workers(lanes, settings.max_workers, Allowance(limit), report, stop)
    finally:
        for lane in lanes:
            lane.close()
    mirrored = sum(lane.mirrored for lane in lanes)
    lag = sum(lane.lag for lane in lanes)
    logger.info(
        "mirrored topic=%s records=%d seconds=%.1f rate=%.0f/s lag=%d",
        settings.source_topic,
        mirrored,
        report.seconds,
        mirrored / report.seconds,
        lag,
    )
    return mirrored


def _run_workers(lanes: list[Lane], workers: int, allowance: Allowance, report: ProgressReport, stop: Event) -> None:
    workers = min(workers, len(lanes))
    with ThreadPoolExecutor(workers, thread_name_prefix="mirror") as threads:
        running = {threads.submit(_work, lanes[worker::workers], allowance, stop) for worker in range(workers)}
        try:
            while running:
                done, running = wait(running, SECONDS_BETWEEN_REPORTS, return_when=FIRST_EXCEPTION)
                report.update(sum(lane.mirrored for lane in lanes), sum(lane.lag for lane in lanes))
                for worker_done in done:
                    worker_done.result()
        finally:
            stop.set()


def _work(lanes: list[Lane], allowance: Allowance, stop: Event) -> None:
    unfinished = lanes
    while unfinished and not stop.is_set() and not allowance.exhausted:
        for lane in unfinished:
            try:
                lane.copy(allowance, SECONDS_PER_ROUND / len(unfinished))
            except UnavailableError as error:
                if not stop.is_set():
                    raise
                logger.warning("a transaction is left for the next start to end reason=%s", error)
        unfinished = [lane for lane in unfinished if not lane.finished]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="mirror", description="Copy the source topic to the local cluster.")
    parser.add_argument("--follow", action="store_true", help="keep running; MAX_MESSAGES does not apply")
    parser.add_argument("--skip-lost", action="store_true", help="go on where the source lost records not yet mirrored")

    def command(options: argparse.Namespace) -> None:
        mirror(MirrorSettings.load(), options.follow, options.skip_lost, stop_on_signals())

    return run_command(parser, command, arguments)


if __name__ == "__main__":
    sys.exit(main())
