"""deploy/superset as the bundle that Superset imports: its own export's layout, with the address of this warehouse."""

import re
from pathlib import Path
from zipfile import ZipFile

import yaml
from sqlalchemy import URL

from config.settings import PROJECT_ROOT
from utilities.psql import ReaderSettings

SOURCES = PROJECT_ROOT / "deploy" / "superset"
ROOT = "millrace"
"""Folder within the archive that holds all; Superset takes it off."""
MASK = "XXXXXXXXXX"
"""What Superset puts in the place of a password; it then asks for the password beside the bundle."""


def write_bundle(path: Path, settings: ReaderSettings) -> None:
    """Write the archive; no password is in it."""
    with ZipFile(path, "w") as archive:
        for name, text in bundle_files(settings).items():
            archive.writestr(f"{ROOT}/{name}", text)


def bundle_files(settings: ReaderSettings) -> dict[str, str]:
    """The YAML files by their names within the bundle."""
    files = [SOURCES / "metadata.yaml", *sorted(SOURCES.glob("*/*.yaml"))]
    texts = {file.relative_to(SOURCES).as_posix(): file.read_text(encoding="utf-8") for file in files}
    return {
        name: _with_address(text, settings) if name.startswith("databases/") else text for name, text in texts.items()
    }


def _with_address(text: str, settings: ReaderSettings) -> str:
    database = yaml.safe_load(text)
    url = URL.create("postgresql+psycopg2", settings.postgres_bi_user, MASK, database=settings.postgres_db)
    hosts, port = settings.postgres_host.split(","), settings.postgres_port
    if re.search("[/@,]", settings.postgres_host):
        # As options: in its usual place the directory of a socket would be read as the database.
        url = url.set(query={"host": ",".join(hosts), "port": ",".join([str(port)] * len(hosts))})
    else:
        url = url.set(host=settings.postgres_host, port=port)
    return yaml.safe_dump({**database, "sqlalchemy_uri": url.render_as_string(hide_password=False)}, sort_keys=False)
