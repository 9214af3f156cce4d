"""Health check of a following stage in its container: `connected.py KAFKA_BROKERS SOURCE_BROKERS MONGO_HOST ...`.

Succeeds when the container has an established TCP connection to each server that the variables name, by address and
port: source and destination listen on the same one. A stage that lost a server and waits for it is unhealthy, and is
healthy again when it is back.

A remote cluster may go by other names than those of SOURCE_BROKERS, which only its brokers tell. So a connection to an
address that no variable explains counts as one to the source.
"""

import os
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ESTABLISHED = "01"  # enum of the kernel's include/net/tcp_states.h
CONNECTION_TABLES = ("tcp", "tcp6")
MAPPED = bytes(10) + b"\xff\xff"
"""First bytes of an IPv4 address in the table of IPv6."""
KNOWN_ELSEWHERE = "SOURCE_BROKERS"

Address = tuple[str, int]


def remote_addresses(directory: Path = Path("/proc/net")) -> set[Address]:
    """Remote host and port of the established connections in the kernel's tables under `directory`."""
    found = set()
    for name in CONNECTION_TABLES:
        table = directory / name
        rows = table.read_text().splitlines()[1:] if table.exists() else []
        for _, _, remote, state, *_ in (row.split() for row in rows):
            if state == ESTABLISHED:
                host, _, port = remote.rpartition(":")
                found.add((_host(host), int(port, 16)))
    return found


def _host(words: str) -> str:
    """The text of an address that the kernel prints as 32-bit words in the machine's order."""
    parts = [int(words[first : first + 8], 16).to_bytes(4, sys.byteorder) for first in range(0, len(words), 8)]
    packed = b"".join(parts)
    if packed.startswith(MAPPED):
        packed = packed.removeprefix(MAPPED)
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def addresses_of(variable: str, environment: Mapping[str, str]) -> set[Address]:
    """What `*_BROKERS`, or `*_HOST` with its `*_PORT`, stands for by now; nothing for a name that nobody knows."""
    value = environment[variable]
    if variable.endswith("_HOST"):
        value = f"{value}:{environment[variable.removesuffix('_HOST') + '_PORT']}"
    return {address for each in value.split(",") for address in _resolved(each.strip())}


def _resolved(place: str) -> Iterator[Address]:
    host, _, port = place.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError:
        return
    for *_, address in found:
        yield str(address[0]), int(address[1])


def missing(variables: list[str], environment: Mapping[str, str], connected: set[Address]) -> list[str]:
    """Those of `variables` to whose servers there is no connection."""
    known = {variable: addresses_of(variable, environment) for variable in variables}
    unexplained = connected - {address for addresses in known.values() for address in addresses}
    return [
        variable
        for variable in variables
        if not known[variable] & connected and not (variable == KNOWN_ELSEWHERE and unexplained)
    ]


if __name__ == "__main__":
    lost = missing(sys.argv[1:], os.environ, remote_addresses())
    sys.exit(f"no connection to {', '.join(f'{name}={os.environ[name]}' for name in lost)}" if lost else 0)
