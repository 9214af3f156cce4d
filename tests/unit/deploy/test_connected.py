"""The health check of the following stages."""

import os
import runpy
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.settings import PROJECT_ROOT

SCRIPT = PROJECT_ROOT / "deploy" / "compose" / "connected.py"
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


@pytest.fixture(scope="module")
def check() -> dict[str, Any]:
    """The functions of the script."""
    return runpy.run_path(str(SCRIPT))


def run_check(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables})


def test_a_stage_with_a_connection_to_each_server_is_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as bus, socket.create_server(("127.0.0.1", 0)) as store:
        ports = [server.getsockname()[1] for server in (bus, store)]
        variables = {
            "KAFKA_BROKERS": f"nobody.invalid:9092,localhost:{ports[0]}",
            "MONGO_HOST": "127.0.0.1",
            "MONGO_PORT": str(ports[1]),
        }
        with socket.create_connection(("127.0.0.1", ports[0])), socket.create_connection(("127.0.0.1", ports[1])):
            assert run_check("KAFKA_BROKERS", "MONGO_HOST", **variables).returncode == 0


def test_a_stage_that_lost_a_server_is_unhealthy_and_says_which() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        brokers = f"127.0.0.1:{server.getsockname()[1]}"
        result = run_check("KAFKA_BROKERS", KAFKA_BROKERS=brokers)
    assert result.returncode == 1
    assert f"no connection to KAFKA_BROKERS={brokers}" in result.stderr


SOURCE, DESTINATION, ELSEWHERE = ("10.0.0.1", 9092), ("10.0.0.2", 9092), ("10.9.9.9", 9092)
CLUSTERS = {"SOURCE_BROKERS": "10.0.0.1:9092", "KAFKA_BROKERS": "10.0.0.2:9092,10.0.0.3:9092"}


@pytest.mark.parametrize(
    ("connected", "lost"),
    [
        ({SOURCE, DESTINATION}, []),
        ({DESTINATION}, ["SOURCE_BROKERS"]),
        ({SOURCE}, ["KAFKA_BROKERS"]),
        (set(), ["KAFKA_BROKERS", "SOURCE_BROKERS"]),
        # A broker of the remote cluster by a name that only the cluster tells; it is never the destination.
        ({DESTINATION, ELSEWHERE}, []),
        ({ELSEWHERE}, ["KAFKA_BROKERS"]),
    ],
)
def test_the_mirrors_source_is_told_from_its_destination_on_the_same_port(
    check: dict[str, Any], connected: set[tuple[str, int]], lost: list[str]
) -> None:
    assert check["missing"](["KAFKA_BROKERS", "SOURCE_BROKERS"], CLUSTERS, connected) == lost


def test_a_listening_port_of_its_own_is_no_connection(check: dict[str, Any], tmp_path: Path) -> None:
    listening = "   0: 00000000:2384 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1\n"
    closing = "   1: 0100007F:9C40 0100007F:2385 08 00000000:00000000 00:00000000 00000000     0        0 2\n"
    established = "   2: 0100007F:9C41 0100007F:6989 01 00000000:00000000 00:00000000 00000000     0        0 3\n"
    (tmp_path / "tcp").write_text(HEADER + listening + closing + established)
    assert check["remote_addresses"](tmp_path) == {("127.0.0.1", 27017)}


def test_an_ipv4_connection_in_the_table_of_ipv6_is_found(check: dict[str, Any], tmp_path: Path) -> None:
    mapped = "0000000000000000FFFF00000100007F"
    own = "00000000000000000000000001000000"
    lines = [f"   {n}: {own}:9C40 {host}:2384 01 0 0 0 0 0 0\n" for n, host in enumerate((mapped, own))]
    (tmp_path / "tcp6").write_text(HEADER + "".join(lines))
    assert check["remote_addresses"](tmp_path) == {("127.0.0.1", 9092), ("::1", 9092)}
