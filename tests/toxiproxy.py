"""Toxiproxy (https://github.com/Shopify/toxiproxy) for the outage soak: faults that go on for minutes.

It is built from its Go module once, into the folder of the servers' programs; a test is skipped where Go is missing.
"""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from utilities.local_servers.ephemeral import free_ports
from utilities.local_servers.settings import LocalServerSettings

VERSION = "2.5.0"
PROGRAM = f"github.com/Shopify/toxiproxy/v2/cmd/server@v{VERSION}"
START_SECONDS = 10
ANSWER_SECONDS = 10

Toxic = Literal["latency", "timeout", "reset_peer", "limit_data", "bandwidth"]
"""What it does is told at https://github.com/Shopify/toxiproxy#toxics; each has attributes of its own.

A `timeout` of 0 drops everything and closes nothing: a half-open connection, closed when the toxic is removed.
"""


@dataclass(frozen=True)
class Proxy:
    """One proxied server."""

    api: str
    name: str
    port: int
    """Where clients connect to."""

    @contextmanager
    def toxic(self, kind: Toxic, stream: Literal["upstream", "downstream"], **attributes: int) -> Iterator[None]:
        """Work on requests (`upstream`) or answers (`downstream`) of old and new connections while the body runs."""
        toxics = f"{self.api}/proxies/{self.name}/toxics"
        _ask("POST", toxics, {"name": kind, "type": kind, "stream": stream, "attributes": attributes})
        try:
            yield
        finally:
            _ask("DELETE", f"{toxics}/{kind}")

    @contextmanager
    def down(self) -> Iterator[None]:
        """Close every connection and refuse new ones while the body runs."""
        self._enable(False)
        try:
            yield
        finally:
            self._enable(True)

    def _enable(self, enabled: bool) -> None:
        _ask("POST", f"{self.api}/proxies/{self.name}", {"enabled": enabled})


@dataclass(frozen=True)
class Toxiproxy:
    """A running toxiproxy."""

    api: str

    def create(self, name: str, server_port: int, port: int) -> Proxy:
        """Proxy a server on loopback at `port`; raises URLError when the port is taken."""
        listen, upstream = f"127.0.0.1:{port}", f"127.0.0.1:{server_port}"
        _ask("POST", f"{self.api}/proxies", {"name": name, "listen": listen, "upstream": upstream})
        return Proxy(self.api, name, port)


def program() -> Path:
    """The built program; skips the test where there is neither it nor Go to build it with."""
    directory = LocalServerSettings.load().artifacts_directory / f"toxiproxy-{VERSION}"
    if not directory.exists():
        go = shutil.which("go")
        if go is None:
            pytest.skip(f"toxiproxy is not built, and Go is not installed to build it: {PROGRAM}")
        partial = directory.with_name(f"{directory.name}.partial")
        environment = {**os.environ, "GOBIN": str(partial)}
        built = subprocess.run([go, "install", PROGRAM], env=environment, capture_output=True, text=True)
        assert built.returncode == 0, f"toxiproxy could not be built: {built.stderr[-2000:]}"
        partial.rename(directory)
    return directory / "server"


@contextmanager
def running_toxiproxy() -> Iterator[Toxiproxy]:
    """Start toxiproxy on a free port; it is killed at the end."""
    (port,) = free_ports(1)
    command = [str(program()), "-host", "127.0.0.1", "-port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        api = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(api, process)
        yield Toxiproxy(api)
    finally:
        process.kill()
        process.wait()


def _wait_until_it_answers(api: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return _ask("GET", f"{api}/version")
        except urllib.error.URLError:
            assert process.poll() is None, f"toxiproxy ended with {process.returncode}"
            assert time.monotonic() < deadline, "toxiproxy does not answer"
            time.sleep(0.05)


def _ask(method: str, address: str, body: dict[str, Any] | None = None) -> None:
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, content, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS):
        return
