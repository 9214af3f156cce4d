"""The MongoDB-protocol server."""

from collections.abc import Callable

from utilities.local_servers.artifacts import Artifacts
from utilities.local_servers.server import Server, own
from utilities.local_servers.settings import LocalServerSettings, SecretSettings


def mongodb(settings: LocalServerSettings, secrets: SecretSettings, artifacts: Artifacts) -> Server:
    """Describe the MongoDB-protocol server as a supervised process."""
    directory = settings.stack_directory / "mongodb"
    options = ["--host", "127.0.0.1", "--port", str(settings.mongo_port), "--storage-path", str(directory / "data")]
    return Server(
        name="mongodb",
        address=f"127.0.0.1:{settings.mongo_port}",
        version=artifacts.mongodb_version,
        command=[*artifacts.mongodb_command, *options, *artifacts.mongodb_options(settings.mongo_cache)],
        directory=directory,
        ports={settings.mongo_port: "MONGO_PORT"},
        prepare=lambda: own(directory),
        ready=_readiness(settings, secrets),
    )


def _readiness(settings: LocalServerSettings, secrets: SecretSettings) -> Callable[[], None]:
    def ready() -> None:
        from utilities.bootstrap.mongodb import ensure_root_user

        ensure_root_user("127.0.0.1", settings.mongo_port, secrets.reveal("mongo_root_password"))

    return ready
