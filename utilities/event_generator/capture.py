"""A JSON-lines file as records: every line as it is, whatever it holds."""

import gzip
import time
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import orjson

from config.errors import TerminalError
from utilities.event_generator.stream import Record

GZIP_MAGIC = b"\x1f\x8b"
LATEST_SECONDS = 253_402_300_799  # the end of the year 9999


class Capture:
    """The lines of `path`, plain or gzip (told by its first bytes).

    `lines` is their number, `fingerprint` 16 hex digits of the uncompressed content. Raises TerminalError for a file
    that cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        digest, self.lines = sha256(), 0
        for line in self._raw_lines():
            digest.update(line)
            self.lines += 1
        self.fingerprint = digest.hexdigest()[:16]

    def records(self) -> Iterator[Record]:
        """One record a line without its line feed; an empty line is an empty value."""
        now_ms = int(time.time() * 1000)
        for line in self._raw_lines():
            yield _record(line.removesuffix(b"\n"), now_ms)

    def _raw_lines(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as plain:
                compressed = plain.read(2) == GZIP_MAGIC
                plain.seek(0)
                if not compressed:
                    yield from plain
                    return
                with gzip.open(plain) as stream:
                    yield from stream
        except (OSError, EOFError, zlib.error) as error:
            raise TerminalError(f"cannot read {self._path}: {error}; name a JSON-lines file, plain or gzip") from error


def _record(line: bytes, now_ms: int) -> Record:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        event = None
    if not isinstance(event, dict):
        return Record(now_ms, None, line)
    device, seconds = event.get("device_id"), event.get("time_stamp")
    has_time = type(seconds) is int and 0 <= seconds <= LATEST_SECONDS
    timestamp_ms = event["time_stamp"] * 1000 if has_time else now_ms
    return Record(timestamp_ms, device.encode() if isinstance(device, str) else None, line)
