"""What only the owner of the warehouse may do: bring it to the revisions and files of this checkout."""

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from config.errors import TerminalError
from config.settings import PROJECT_ROOT
from migrations.repeatable import apply_changes
from migrations.settings import MigrationSettings

CONNECT_SECONDS = 5
# Who comes later waits with us for a reader of a mart: rather fail, and be tried again.
SESSION_OPTIONS = "-c lock_timeout=2s"
REVISIONS = "SELECT version_num FROM etl.alembic_version"


def migrate() -> None:
    """Run the revisions that are missing, and make anew what `sql/marts` and `sql/functions` have changed."""
    command.upgrade(_alembic(), "head")


def apply_changed_files(settings: MigrationSettings) -> list[str]:
    """Make marts and functions anew whose files have changed; returns their names.

    Raises TerminalError where a revision is missing, which is more than a changed file, and psycopg.Error.
    """
    with psycopg.connect(
        host=settings.postgres_host,
        port=settings.postgres_port,
        dbname=settings.postgres_db,
        user=settings.postgres_owner_user,
        password=settings.postgres_owner_password.get_secret_value(),
        connect_timeout=CONNECT_SECONDS,
        options=SESSION_OPTIONS,
    ) as connection:
        found = {revision for (revision,) in connection.execute(REVISIONS)}
        newest = set(ScriptDirectory.from_config(_alembic()).get_heads())
        if found != newest:
            names = [", ".join(sorted(each)) for each in (found, newest)]
            raise TerminalError(f"the warehouse has revision {names[0]}, not {names[1]}: run make migrate")
        return apply_changes(connection)


def _alembic() -> Config:
    return Config(str(PROJECT_ROOT / "alembic.ini"))
