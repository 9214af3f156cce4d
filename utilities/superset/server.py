"""Install, prepare and become Superset's server."""

import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

from config.errors import TerminalError
from config.settings import PROJECT_ROOT
from utilities.command.environment import make
from utilities.local_servers.long_step import run_long_step
from utilities.local_servers.places import make_place
from utilities.local_servers.settings import LocalServerSettings
from utilities.stores.warehouse import warehouse_connection
from utilities.superset.bundle import SOURCES, write_bundle
from utilities.superset.settings import SupersetSettings, own_secrets, secrets_file

ENVIRONMENT = PROJECT_ROOT / ".venv-superset"
LONGEST_REQUEST_SECONDS = 310
"""Somewhat longer than an analyst's statement may take (superset_config.py)."""


def serve() -> NoReturn:
    """Prepare Superset and replace this process by it.

    Raises TerminalError for a taken port, for an environment that cannot be made and for a preparation that fails, and
    what `warehouse_connection` raises where the warehouse cannot be read.
    """
    settings = SupersetSettings.load()
    refuse_taken_port(settings.superset_port)
    with warehouse_connection(settings, settings.postgres_bi_user, settings.postgres_bi_password):
        pass
    if status := make(f"{ENVIRONMENT.name}/.ready"):
        raise TerminalError(f"Superset could not be installed (make ended with {status})")
    servers = LocalServerSettings.load()
    directory = servers.stack_directory / "superset"
    make_place(directory, 0o700, servers.state_directory)
    secrets = own_secrets(directory)
    environment = superset_environment(directory, secrets["SUPERSET_SECRET_KEY"])
    prepare(directory, settings, environment | secrets)
    print(
        f"millrace: Superset starts on http://127.0.0.1:{settings.superset_port} (up to half a minute); user admin,"
        f" password in {secrets_file(directory)}; Ctrl-C stops it",
        flush=True,
    )
    os.chdir(directory)
    command = server_command(settings.superset_port)
    os.execve(command[0], command, {**os.environ, **environment})


def refuse_taken_port(port: int) -> None:
    """Raise TerminalError when something listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise TerminalError(f"port {port} is taken: stop what listens there, or set SUPERSET_PORT") from None


def superset_environment(directory: Path, secret_key: str) -> dict[str, str]:
    """What Superset's programs find in their environment, beside ours; none of our packages is on their path."""
    return {
        "PYTHONPATH": "",
        "PYTHONSAFEPATH": "",
        "FLASK_APP": "superset.app:create_app()",
        "SUPERSET_CONFIG_PATH": str(SOURCES / "superset_config.py"),
        "SUPERSET_HOME": str(directory),
        "SUPERSET_SECRET_KEY": secret_key,
        # No pixel that tells its makers of the installation.
        "SCARF_ANALYTICS": "false",
    }


def prepare(directory: Path, settings: SupersetSettings, environment: dict[str, str]) -> None:
    """Metadata, administrator and assets; raises TerminalError naming the log where Superset fails."""
    bundle = directory / "bundle.zip"
    write_bundle(bundle, settings)
    log = directory / "prepare.log"
    print(f"millrace: preparing Superset (a minute, the first time two); its output is in {log}", file=sys.stderr)
    command = [str(ENVIRONMENT / "bin" / "python"), str(SOURCES / "prepare.py"), str(bundle)]
    password = {"POSTGRES_BI_PASSWORD": settings.postgres_bi_password.get_secret_value()}
    if run_long_step(command, log, environment=environment | password) != 0:
        raise TerminalError(f"Superset could not be prepared; its output is in {log}")


def server_command(port: int) -> list[str]:
    """One process with threads, as its metadata is SQLite."""
    return [
        str(ENVIRONMENT / "bin" / "gunicorn"),
        *("--bind", f"127.0.0.1:{port}", "--workers", "1", "--worker-class", "gthread", "--threads", "8"),
        *("--no-control-socket", "--timeout", str(LONGEST_REQUEST_SECONDS), "superset.app:create_app()"),
    ]
