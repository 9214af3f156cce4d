"""The MongoDB-protocol server."""

import os
import stat
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pymongo.errors import PyMongoError

from config.errors import TerminalError
from config.secret_settings import SecretSettings
from utilities.bootstrap.mongodb import create_root_user, ensure_root_user
from utilities.local_servers.artifacts import Artifacts
from utilities.local_servers.server import Server, own, server_user
from utilities.local_servers.settings import LocalServerSettings

FIRST_START_SECONDS = 30
SHORT_OPLOG = ("--oplog-retention-seconds", "60", "--oplog-max-entries", "1000")
"""Nobody follows it. It is pruned by later writes, so the newest entries stay until there are some."""


def mongodb(settings: LocalServerSettings, secrets: SecretSettings, artifacts: Artifacts) -> Server:
    """Describe the MongoDB-protocol server as a supervised process."""
    directory = settings.stack_directory / "mongodb"
    port, password = settings.mongo_port, secrets.reveal("mongo_root_password")
    is_rust = artifacts.mongodb_binary.exists()
    # Without the first an acknowledged write is only with the operating system: a power cut would undo it. The others:
    # what was written is kept a second time for nobody, an hour by default.
    own_flags = ["--sync-on-commit", *SHORT_OPLOG] if is_rust else []
    place = ["--host", "127.0.0.1", "--port", str(port), "--storage-path", str(directory / "data")]
    command = [*artifacts.mongodb_command, *place, "--cache-size", settings.mongo_cache, *own_flags]
    # The Python server runs on our own interpreter, which another account may not be able to reach.
    user = server_user() if _open_to_others(Path(command[0])) else None
    # The Python server looks for settings in the home of its account, which ours may not enter.
    environment = {} if is_rust else {"HOME": str(directory)}

    def prepare() -> None:
        own(directory)
        if not is_rust and not (directory / "data").exists():
            _create_root_user_without_authentication(command, environment, port, password, user)

    return Server(
        name="mongodb",
        address=f"127.0.0.1:{port}",
        version=artifacts.mongodb_version,
        command=[*command, "--auth"],
        directory=directory,
        ports={port: "MONGO_PORT"},
        prepare=prepare,
        user=user,
        environment=environment,
        ready=_readiness(port, password),
    )


def _open_to_others(program: Path) -> bool:
    """Whether every account may enter the folders of `program`, and of what it links to, and run it."""
    places = {place for path in (program, program.resolve()) for place in (path, *path.parents)}
    return program.exists() and all(place.stat().st_mode & stat.S_IXOTH for place in places)


def _create_root_user_without_authentication(
    command: Sequence[str], environment: Mapping[str, str], port: int, password: str, user: str | None
) -> None:
    """The Python server knows no localhost exception: its first user is made before it asks for a password."""
    process = subprocess.Popen(
        list(command),
        cwd="/",
        env={**os.environ, **environment},
        user=user,
        group=user,
        extra_groups=[] if user else None,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + FIRST_START_SECONDS
    try:
        while True:
            try:
                return create_root_user("127.0.0.1", port, password)
            except PyMongoError as error:
                if time.monotonic() > deadline:
                    raise TerminalError(f"the MongoDB-protocol server did not start on port {port}: {error}") from error
    finally:
        process.terminate()
        process.wait()


def _readiness(port: int, password: str) -> Callable[[], None]:
    return lambda: ensure_root_user("127.0.0.1", port, password)
