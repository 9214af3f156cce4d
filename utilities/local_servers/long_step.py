"""Downloads and builds that take minutes: what they say goes to a log, and a line that moves says that they live.

    python3 -m utilities.local_servers.long_step --doing TEXT --log FILE [--watch DIR ...] -- COMMAND ...

On a terminal one line is written over and over; elsewhere a line is printed every half minute. Runs before the Python
environment exists: it imports nothing but the standard library.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from config.signs_of_life import SignsOfLife

SECONDS_BETWEEN_LOOKS = 1.0
# Counting the bytes of a folder must not be the work: at most a tenth of the time.
LOOK_SHARE = 10
TAIL_BYTES = 16_384
LAST_LINES = 15

SAID = (
    (re.compile(r"Building \[[^\]]*\] (\d+)/(\d+): (.*)"), r"\1 of \2 crates, now \3"),
    (re.compile(r"(?:Downloading|Downloaded) from \S+: \S*/(\S+)"), r"\1"),
    (re.compile(r"(Downloading|Using cached) (?:\S*/)?(\S+) (\([\d.]+ .?B\))"), r"\1 \2 \3"),
    (re.compile(r"Building wheel for (\S+)"), r"building \1"),
    (re.compile(r"(Collecting \S+)"), r"\1"),
    (re.compile(r"Get:\d+ \S+ \S+ \S+ (\S+)"), r"downloading \1"),
    (re.compile(r"(Unpacking \S+|Setting up \S+)"), r"\1"),
    (re.compile(r"(Installing build dependencies|Installing collected packages)"), r"\1"),
    (re.compile(r"Running upgrade .*-> \w+,? ?(.{,60})"), r"migrating, \1"),
    (re.compile(r"((?:Compiling|Downloaded|Updating|Installing) .*)"), r"\1"),
)
"""What Cargo, Maven, pip, apt and Alembic say of their progress, and how it is shown."""


def run_long_step(
    command: Sequence[str], log: Path, watch: Sequence[Path] = (), environment: Mapping[str, str] | None = None
) -> int:
    """Run `command` with its output in `log` and show signs of life; returns its exit status.

    `watch` are folders that grow by what is downloaded; `environment` is added to ours.
    """
    # A pipe's or a file's reader sees Python's lines only by the block, Cargo's bar not at all, unless asked for.
    own = {"PYTHONUNBUFFERED": "1", "CARGO_TERM_PROGRESS_WHEN": "always", "CARGO_TERM_PROGRESS_WIDTH": "100"}
    before = sum(map(_size, watch))
    with log.open("wb") as stream, SignsOfLife() as signs:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **own, **(environment or {})},
        )
        try:
            pause = SECONDS_BETWEEN_LOOKS
            while (status := _wait(process, pause)) is None:
                looked = time.monotonic()
                grown = sum(map(_size, watch)) - before
                signs.show(f"{_megabytes(grown)}{last_sign(log)}")
                pause = max(SECONDS_BETWEEN_LOOKS, LOOK_SHARE * (time.monotonic() - looked))
        except BaseException:
            process.kill()
            process.wait()
            raise
    return status


def last_sign(log: Path) -> str:
    """The newest thing that the output says of its progress, for a person."""
    for line in reversed(list(_tail(log))):
        for pattern, shown in SAID:
            if found := pattern.search(line):
                return found.expand(shown).strip()
    return "begins"


def _tail(log: Path) -> Iterator[str]:
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - TAIL_BYTES))
        # A progress bar is drawn over itself with carriage returns.
        yield from re.split(r"[\r\n]+", stream.read().decode(errors="replace"))


def _wait(process: "subprocess.Popen[bytes]", seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _size(place: Path) -> int:
    """Bytes of the files below; what vanishes meanwhile counts nothing."""
    total = 0
    for folder, _, names in os.walk(place):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118
            except OSError:
                continue
    return total


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB written, " if count > 0 else ""


def main(arguments: list[str] | None = None) -> int:
    """Run a command as a long step; returns its exit status, after the end of its log where it fails."""
    parser = argparse.ArgumentParser(prog="long_step", description="Run a command that takes minutes.")
    parser.add_argument("--doing", required=True, help="what is announced")
    parser.add_argument("--log", type=Path, required=True, help="where the command's output goes")
    parser.add_argument("--watch", type=Path, action="append", default=[], help="a folder that grows meanwhile")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    print(f"millrace: {options.doing}", file=sys.stderr, flush=True)
    status = run_long_step(options.command, options.log, options.watch)
    if status != 0:
        print(
            "\n".join(
                [*list(_tail(options.log))[-LAST_LINES:], f"millrace: failed; all of its output is in {options.log}"]
            ),
            file=sys.stderr,
        )
    return status


if __name__ == "__main__":
    sys.exit(main())
