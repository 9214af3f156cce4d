"""The health check of the following stages."""

import runpy
import socket
import subprocess
import sys
from pathlib import Path

from config.settings import PROJECT_ROOT

SCRIPT = PROJECT_ROOT / "deploy" / "compose" / "connected.py"


def run_check(*ports: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, ports)], capture_output=True, text=True)


def test_a_stage_with_a_connection_to_each_server_is_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        ports = [server.getsockname()[1] for server in (first, second)]
        with socket.create_connection(("127.0.0.1", ports[0])), socket.create_connection(("127.0.0.1", ports[1])):
            assert run_check(*ports).returncode == 0


def test_a_stage_that_lost_a_server_is_unhealthy_and_says_which() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = run_check(port)
    assert result.returncode == 1
    assert f"no connection to port {port}" in result.stderr


def test_a_listening_port_of_its_own_is_no_connection(tmp_path: Path) -> None:
    remote_ports = runpy.run_path(str(SCRIPT))["remote_ports"]
    header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    listening = "   0: 00000000:2384 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1\n"
    closing = "   1: 0100007F:9C40 0100007F:2385 08 00000000:00000000 00:00000000 00000000     0        0 2\n"
    established = "   2: 0100007F:9C41 0100007F:6989 01 00000000:00000000 00:00000000 00000000     0        0 3\n"
    (tmp_path / "tcp").write_text(header + listening + closing + established)
    assert remote_ports(tmp_path) == {27017}
