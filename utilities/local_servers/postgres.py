"""PostgreSQL, from the files under `config/postgres`."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from config.secret_settings import SecretSettings
from config.settings import PROJECT_ROOT
from utilities.local_servers.artifacts import Artifacts
from utilities.local_servers.private_file import write_private
from utilities.local_servers.server import (
    Server,
    own,
    own_tree,
    run_as_server_user,
    server_user,
    write_configuration,
)
from utilities.local_servers.settings import LocalServerSettings

CONFIGURATION = PROJECT_ROOT / "config" / "postgres"


def postgres(settings: LocalServerSettings, secrets: SecretSettings, artifacts: Artifacts) -> Server:
    """Describe PostgreSQL as a supervised process; it listens on loopback TCP only, without a Unix socket."""
    directory = settings.stack_directory / "postgres"
    data = directory / "data"
    programs = settings.stack_directory / "programs" / "postgres"
    assignments = {
        "config_file": directory / "postgresql.conf",
        "hba_file": directory / "pg_hba.conf",
        "listen_addresses": "127.0.0.1",
        "port": settings.postgres_port,
        "unix_socket_directories": "",
    }
    options = [part for name, value in assignments.items() for part in ("-c", f"{name}={value}")]
    return Server(
        name="postgres",
        address=f"127.0.0.1:{settings.postgres_port}",
        version=artifacts.postgres_version(data),
        command=[str(programs / "postgres"), "-D", str(data), *options],
        directory=directory,
        ports={settings.postgres_port: "POSTGRES_PORT"},
        prepare=lambda: _prepare(directory, secrets, artifacts),
        refresh=lambda: _refresh(directory, settings, secrets),
        user=server_user(),
        programs={programs: lambda: artifacts.postgres(data)},
        ready=_readiness(settings, secrets),
        # A fast shutdown: open sessions are rolled back instead of waited for.
        stop_signal="INT",
    )


def _prepare(directory: Path, secrets: SecretSettings, artifacts: Artifacts) -> None:
    own(directory)
    _configure(directory)
    data = directory / "data"
    if not (data / "PG_VERSION").exists():
        with tempfile.TemporaryDirectory(dir=directory) as partial:
            password_file = Path(partial) / "password"
            write_private(password_file, secrets.reveal("postgres_superuser_password"))
            own_tree(Path(partial))
            options = ["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--no-sync"]
            initdb = [str(artifacts.postgres(data) / "initdb"), "-D", str(data), f"--pwfile={password_file}", *options]
            run_as_server_user(initdb)
    own_tree(directory)


def _configure(directory: Path) -> None:
    names = ("postgresql.conf", "pg_hba.conf")
    write_configuration(directory, {name: (CONFIGURATION / name).read_text() for name in names})


def _refresh(directory: Path, settings: LocalServerSettings, secrets: SecretSettings) -> None:
    """Have a running server read its files again, be they changed now or by a run that did not come this far."""
    import psycopg

    _configure(directory)
    # A server that does not answer is told of by `ready`; one that starts now reads the files.
    with suppress(psycopg.OperationalError):
        _as_superuser(settings, secrets, "SELECT pg_reload_conf()")


def _readiness(settings: LocalServerSettings, secrets: SecretSettings) -> Callable[[], None]:
    return lambda: _as_superuser(settings, secrets, "SELECT 1")


def _as_superuser(settings: LocalServerSettings, secrets: SecretSettings, statement: str) -> None:
    import psycopg

    password = secrets.reveal("postgres_superuser_password")
    with psycopg.connect(
        host="127.0.0.1", port=settings.postgres_port, user="postgres", password=password, connect_timeout=3
    ) as connection:
        connection.execute(statement.encode())
