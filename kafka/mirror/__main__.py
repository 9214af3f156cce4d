"""The mirror: copies the source topic to the local cluster exactly once, each record as it is.

    python -m kafka.mirror [--follow]

Stops at the source's end offsets as of its start, or after MAX_MESSAGES records, whichever comes first. With
`--follow` it keeps running, and MAX_MESSAGES does not apply.
"""

import argparse
import logging
import sys
from threading import Event

from config.command_line import run_command
from config.errors import UnavailableError
from kafka.mirror.allowance import Allowance
from kafka.mirror.lane import Lane
from kafka.mirror.lanes import Lanes
from kafka.mirror.settings import MirrorSettings
from kafka.mirror.workers import Workers
from kafka.progress import ProgressReport
from kafka.signals import stop_on_signals
from kafka.waiting import Waiting, pause_seconds
from kafka.watchdog import begun_anew, of_the_beginning

logger = logging.getLogger("kafka.mirror")


def mirror(settings: MirrorSettings, follow: bool, skip_lost: bool, stop: Event) -> int:
    """Mirror until the end, the limit or `stop`; returns how many records were mirrored.

    Raises AccessError, UnavailableError or TerminalError with a message for the operator.
    """
    opener = Lanes(settings, follow, skip_lost, stop)
    lanes = _open(opener, follow, stop)
    limit = None if follow or settings.max_messages == 0 else _left_of(settings.max_messages, lanes)
    to_come = sum(lane.lag for lane in lanes)
    total = None if follow else min(to_come, limit) if limit is not None else to_come
    look = opener.open_added if follow else None
    workers = Workers(lanes, settings.max_workers, Allowance(limit), stop, look)
    try:
        with ProgressReport("mirror", total) as report:
            workers.run(lambda: report.update(*_done_and_lag(workers.lanes)))
    finally:
        for lane in workers.lanes:
            lane.close()
    mirrored, lag = _done_and_lag(workers.lanes)
    logger.info(
        "mirrored topic=%s records=%d seconds=%.1f rate=%.0f/s lag=%d",
        settings.source_topic,
        mirrored,
        report.seconds,
        mirrored / report.seconds,
        lag,
    )
    return mirrored


def _open(opener: Lanes, follow: bool, stop: Event) -> list[Lane]:
    """The lanes of the start; one that follows and has begun anew waits for servers that are away, as it did before."""
    waiting, failures = Waiting(logger, "the mirror waits"), 0
    while True:
        try:
            lanes = opener.open()
        except UnavailableError as error:
            if not (follow and begun_anew()) or stop.is_set():
                raise
            waiting.because(error)
            failures += 1
            stop.wait(pause_seconds(failures))
        else:
            waiting.over()
            return lanes


def _left_of(most: int, lanes: list[Lane]) -> int:
    """What this run may still take, by the offsets that are committed: it may have begun anew at any moment."""
    taken = sum(lane.taken for lane in lanes)
    return min(max(most - (taken - of_the_beginning("MIRRORED", taken)), 0), most)


def _done_and_lag(lanes: list[Lane]) -> tuple[int, int]:
    return sum(lane.mirrored for lane in lanes), sum(lane.lag for lane in lanes)


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
