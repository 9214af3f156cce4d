"""`python -m utilities.migrate`: bring the warehouse to the revisions, marts and functions of this checkout.

`make up` does it as well, and the ETL makes changed marts and functions anew where it has the owner's login. All in one
transaction; a second time it changes nothing.
"""

import argparse
import sys

from config.command_line import run_command
from migrations.settings import MigrationSettings


def main(arguments: list[str] | None = None) -> int:
    """Migrate; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="migrate", description="Bring the warehouse to the revisions, marts and functions of this checkout."
    )
    return run_command(parser, _run, arguments)


def _run(_: argparse.Namespace) -> None:
    # A missing setting is told before Alembic is imported.
    MigrationSettings.load()
    from migrations.owner import migrate

    migrate()


if __name__ == "__main__":
    sys.exit(main())
