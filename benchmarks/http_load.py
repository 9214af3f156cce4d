"""Posting the same requests again and again over a few connections, as fast as they are answered or at a fixed rate."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from config.errors import TerminalError

ACCEPTED = b"HTTP/1.1 202"


@dataclass
class Load:
    """How long each request took, from the moment it was due, and how long all of them together."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """The latency that this share of the requests did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def post_all(port: int, requests: Sequence[bytes], connections: int, per_second: float | None = None) -> Load:
    """Post every request; with `per_second`, each when it is due, whatever became of those before it.

    Raises TerminalError for the first that is not answered 202.
    """
    return asyncio.run(_post_all(port, requests, connections, per_second))


def request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """A POST as it goes over the wire."""
    told = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


async def _post_all(port: int, requests: Sequence[bytes], connections: int, per_second: float | None) -> Load:
    load, begun, waiting = Load(), time.perf_counter(), iter(enumerate(requests))

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number, each in waiting:
            due = begun + number / per_second if per_second else time.perf_counter()
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(each)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length(head))
            if not head.startswith(ACCEPTED):
                raise TerminalError(f"a request was answered {head.splitlines()[0].decode()}")
            load.latencies.append(time.perf_counter() - due)
        writer.close()

    await asyncio.gather(*(worker() for _ in range(connections)))
    load.seconds = time.perf_counter() - begun
    return load


def _length(head: bytes) -> int:
    found = [line for line in head.lower().splitlines() if line.startswith(b"content-length:")]
    return int(found[0].partition(b":")[2]) if found else 0
