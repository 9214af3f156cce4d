"""PostgreSQL, from the files under `config/postgres`."""

from collections.abc import Callable
from pathlib import Path

from config.secret_settings import SecretSettings
from config.settings import PROJECT_ROOT
from utilities.local_servers.artifacts import Artifacts
from utilities.local_servers.places import PROGRAMS
from utilities.local_servers.server import (
    Server,
    digest_of,
    own,
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
    programs = settings.stack_directory / PROGRAMS / "postgres"
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
        refresh=lambda: write_configuration(directory, _configuration()),
        user=server_user(),
        environment=digest_of(_configuration()),
        programs={programs: lambda: artifacts.postgres(data)},
        ready=_readiness(settings, secrets),
        # A fast shutdown: open sessions are rolled back instead of waited for.
        stop_signal="INT",
    )


def _prepare(directory: Path, secrets: SecretSettings, artifacts: Artifacts) -> None:
    own(directory)
    write_configuration(directory, _configuration())
    data = directory / "data"
    if not (data / "PG_VERSION").exists():
        options = ["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--no-sync"]
        password = directory / "password"
        write_configuration(directory, {password.name: secrets.reveal("postgres_superuser_password")})
        initdb = [str(artifacts.postgres(data) / "initdb"), "-D", str(data), f"--pwfile={password}", *options]
        try:
            run_as_server_user(initdb)
        finally:
            password.unlink()


def _configuration() -> dict[str, str]:
    return {name: (CONFIGURATION / name).read_text() for name in ("postgresql.conf", "pg_hba.conf")}


def _readiness(settings: LocalServerSettings, secrets: SecretSettings) -> Callable[[], None]:
    def ready() -> None:
        import psycopg

        password = secrets.reveal("postgres_superuser_password")
        with psycopg.connect(
            host="127.0.0.1", port=settings.postgres_port, user="postgres", password=password, connect_timeout=3
        ) as connection:
            connection.execute("SELECT 1")

    return ready
