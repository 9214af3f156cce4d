"""`python -m utilities.psql [ARGUMENT ...]`: psql as `bi_reader`, the role of analysts.

On a terminal it is psql as usual; when input or output is redirected it prints bare tuples, unaligned, and stops at
the first error, so that `make -s psql < question.sql` can be compared with plain text.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import quote

from pydantic import SecretStr

from config.command_line import run_command
from config.errors import TerminalError
from config.settings import PostgresSettings


class ReaderSettings(PostgresSettings):
    """The read-only login of analysts and BI tools."""

    postgres_bi_user: str = "bi_reader"
    postgres_bi_password: SecretStr

    def connection_line(self) -> str:
        """What to type into psql or DBeaver; the password stays in `.env`."""
        hosts = [f"[{host}]" if ":" in host else quote(host, safe="") for host in self.postgres_host.split(",")]
        places = ",".join(f"{host}:{self.postgres_port}" for host in hosts)
        return f"postgresql://{self.postgres_bi_user}@{places}/{self.postgres_db}"


def main(arguments: list[str] | None = None) -> int:
    """Replace this process by psql, which gets all arguments; returns only when that fails."""
    for_psql = sys.argv[1:] if arguments is None else arguments
    return run_command(argparse.ArgumentParser(prog="psql"), lambda _: _run(for_psql), [])


def _run(arguments: list[str]) -> None:
    settings = ReaderSettings.load()
    program = psql_program()
    quiet = [] if sys.stdin.isatty() and sys.stdout.isatty() else ["--tuples-only", "--no-align", "--quiet"]
    environment = {
        **os.environ,
        "PGHOST": settings.postgres_host,
        "PGPORT": str(settings.postgres_port),
        "PGDATABASE": settings.postgres_db,
        "PGUSER": settings.postgres_bi_user,
        "PGPASSWORD": settings.postgres_bi_password.get_secret_value(),
    }
    command = [program, "--no-psqlrc", "--set", "ON_ERROR_STOP=1", *quiet, *arguments]
    os.execve(program, command, environment)


def psql_program() -> str:
    """Path of psql: on the path, else the newest below Debian's folder; raises TerminalError when there is none."""
    found = sorted(str(path) for path in Path("/usr/lib/postgresql").glob("*/bin/psql"))
    program = shutil.which("psql") or (found[-1] if found else None)
    if program is None:
        raise TerminalError("psql is not installed: apt-get install postgresql-client")
    return program


if __name__ == "__main__":
    sys.exit(main())
