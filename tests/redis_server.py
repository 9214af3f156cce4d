"""A Redis of its own: Debian's redis-server on a free port of loopback, with a password, in a folder that goes away."""

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from serving.query.live_copy import redis_client
from tests.pipeline import eventually
from tests.running_api import free_port


@dataclass(frozen=True)
class RedisServer:
    """Where it listens, `url` with the password, and the process."""

    url: str
    client: Redis
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """SIGKILL; nothing is kept."""
        self.process.kill()
        self.process.wait(30)


@contextmanager
def running_redis(directory: Path) -> Iterator[RedisServer]:
    """Start it and wait until it answers; the test is skipped where there is no such program."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server: apt-get install redis-server")
    port, password = free_port(), secrets.token_hex(16)
    # By standard input: no argument, and no file, has the password.
    lines = (f"port {port}", "bind 127.0.0.1", f"requirepass {password}", f'dir "{directory}"', 'save ""')
    process = subprocess.Popen([program, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    process.stdin.write("\n".join(lines).encode())
    process.stdin.close()
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    with redis_client(url) as client:
        server = RedisServer(url, client, process)
        try:
            eventually(lambda: _answers(client), 30)
            yield server
        finally:
            server.kill()


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False
