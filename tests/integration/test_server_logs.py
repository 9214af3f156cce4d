"""The log of PostgreSQL holds no event: retention and erasure reach no log files."""

import psycopg
import pytest

from tests.empty_database import Database

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
