"""Health check of a following stage in its container: `connected.py PORT ...`.

Succeeds when the container has an established TCP connection to each remote port; a stage that lost a server and
waits for it is unhealthy, and is healthy again when it is back.
"""

import sys
from pathlib import Path

ESTABLISHED = "01"  # enum of the kernel's include/net/tcp_states.h
CONNECTION_TABLES = ("tcp", "tcp6")


def remote_ports(directory: Path = Path("/proc/net")) -> set[int]:
    """Remote ports of the established connections in the kernel's tables under `directory`."""
    ports = set()
    for name in CONNECTION_TABLES:
        table = directory / name
        rows = table.read_text().splitlines()[1:] if table.exists() else []
        for _, _, remote, state, *_ in (row.split() for row in rows):
            if state == ESTABLISHED:
                ports.add(int(remote.rpartition(":")[2], 16))
    return ports


if __name__ == "__main__":
    missing = {int(port) for port in sys.argv[1:]} - remote_ports()
    sys.exit(f"no connection to port {', '.join(map(str, sorted(missing)))}" if missing else 0)
