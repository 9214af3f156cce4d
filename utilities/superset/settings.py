"""Where Superset listens and keeps its state, and its own two secrets."""

import secrets
from pathlib import Path

from dotenv import dotenv_values

from config.settings import Port
from utilities.local_servers.private_file import write_private
from utilities.psql import ReaderSettings

SECRET_BYTES = 24
NAMES = ("SUPERSET_SECRET_KEY", "SUPERSET_ADMIN_PASSWORD")


class SupersetSettings(ReaderSettings):
    """The warehouse as analysts log in, and the port of Superset's pages."""

    superset_port: Port = 8089
    """Port of Superset's pages, on loopback."""


def own_secrets(directory: Path) -> dict[str, str]:
    """Superset's key and its administrator's password, by the names of their variables.

    Generated once into `secrets.env` (mode 600), beside the metadata that is encrypted with the key.
    """
    path = secrets_file(directory)
    known = {name: value for name, value in dotenv_values(path).items() if value} if path.exists() else {}
    missing = [name for name in NAMES if name not in known]
    if missing:
        known |= {name: secrets.token_hex(SECRET_BYTES) for name in missing}
        write_private(path, "".join(f"{name}={value}\n" for name, value in known.items()))
    return {name: known[name] for name in NAMES}


def secrets_file(directory: Path) -> Path:
    """Where the two secrets are kept."""
    return directory / "secrets.env"
