"""The log of PostgreSQL holds no event: retention and erasure reach no log files, also after an upgrade."""

import os
import signal

import psycopg
import pytest

from tests.empty_database import Database
from tests.pipeline import eventually

pytestmark = pytest.mark.servers


def test_a_row_that_postgresql_refuses_is_not_in_its_log(warehouse: Database) -> None:
    with warehouse.connect() as owner:
        owner.execute("CREATE TEMP TABLE copied (page text PRIMARY KEY, number integer NOT NULL)")
        owner.execute("INSERT INTO copied VALUES ('anna@mail.example', 1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            owner.execute("INSERT INTO copied VALUES (%s, 2)", ["anna@mail.example"])
        with pytest.raises(psycopg.errors.NotNullViolation), owner.cursor().copy("COPY copied FROM STDIN") as copy:
            copy.write_row(("tom@mail.example", None))
    log = (warehouse.servers.settings.stack_directory / "log" / "postgres.log").read_text(encoding="utf-8")
    assert "copied_pkey" in log and "not-null constraint" in log
    assert "@mail.example" not in log


def test_a_running_postgresql_reads_the_configuration_of_an_upgrade(warehouse: Database) -> None:
    [postgres] = [each for each in warehouse.servers.servers if each.name == "postgres"]
    used = postgres.directory / "postgresql.conf"
    today = used.read_text()

    def verbosity() -> str:
        with warehouse.connect() as owner:
            ((value,),) = owner.execute("SHOW log_error_verbosity").fetchall()
            return str(value)

    assert verbosity() == "terse"
    # As another version had it, and `up` was killed before the server read today's.
    used.write_text(today.replace("log_error_verbosity = terse", "log_error_verbosity = verbose"))
    os.kill(int((postgres.directory / "data" / "postmaster.pid").read_text().splitlines()[0]), signal.SIGHUP)
    eventually(lambda: verbosity() == "verbose")
    postgres.refresh()
    eventually(lambda: verbosity() == "terse")
    assert used.read_text() == today
