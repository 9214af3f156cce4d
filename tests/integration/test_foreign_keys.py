"""Foreign keys of the warehouse: proved by set in a run, checked row by row for everybody else."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from config.errors import TerminalError
from tests.pipeline import Pipeline
from tests.staged_view import publish_staged_view

NO_DEVICE = 999_999
# What no statement does: give a row a key that has no member. Not on a fact, whose triggers a proof by set turns off.
PLANT = f"""
CREATE FUNCTION staging.plant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.device_key := {NO_DEVICE}; RETURN NEW; END $$;
CREATE TRIGGER plant BEFORE INSERT ON staging.resolved_event FOR EACH ROW EXECUTE FUNCTION staging.plant();
"""
ORPHAN = f"""
INSERT INTO fact_search (event_id, event_time, date_key, country_key, referrer_key, device_key, is_bot, run_id)
VALUES (md5('a search')::uuid, now(), 20260101, -1, -1, {NO_DEVICE}, false, 0)
"""

pytestmark = pytest.mark.servers


def publish_one_view(connection: psycopg.Connection) -> None:
    """Stage a view and publish it, without Spark, in the connection's transaction."""
    row = connection.execute("INSERT INTO etl.run (mode) VALUES ('incremental') RETURNING run_id").fetchone()
    assert row is not None
    publish_staged_view(connection, row[0])


@contextmanager
def etl(pipeline: Pipeline) -> Iterator[psycopg.Connection]:
    with pipeline.warehouse("warehouse_etl", "postgres_password") as connection:
        yield connection


@pytest.fixture
def without_the_right(pipeline: Pipeline) -> Iterator[None]:
    """As on a server that nobody prepared for proofs by set."""
    parameter = "SET ON PARAMETER session_replication_role"
    with pipeline.warehouse("postgres", "postgres_superuser_password") as connection:
        connection.execute(f"REVOKE {parameter} FROM warehouse_etl".encode())
        yield
        connection.execute(f"GRANT {parameter} TO warehouse_etl".encode())


def facts(pipeline: Pipeline) -> list[tuple[int, int]]:
    return pipeline.rows("SELECT (SELECT count(*) FROM fact_event), (SELECT count(*) FROM fact_product_view_event)")


def test_a_planted_orphan_stops_the_run_by_set(pipeline: Pipeline) -> None:
    with pipeline.warehouse() as owner:
        owner.execute(PLANT.encode())
    with etl(pipeline) as connection:
        with (
            pytest.raises(TerminalError, match=f"_device_key_fkey, device_key {NO_DEVICE} is not in dim_device"),
            connection.transaction(),
        ):
            publish_one_view(connection)
        assert connection.execute("SHOW session_replication_role").fetchone() == ("origin",)
    assert facts(pipeline) == [(0, 0)]
    with pipeline.warehouse() as owner:
        owner.execute("DROP TRIGGER plant ON staging.resolved_event")
    with etl(pipeline) as connection, connection.transaction():
        publish_one_view(connection)
    assert facts(pipeline) == [(1, 1)]


@pytest.mark.usefixtures("without_the_right")
def test_a_planted_orphan_stops_the_run_by_trigger(pipeline: Pipeline) -> None:
    with pipeline.warehouse() as owner:
        owner.execute(PLANT.encode())
    with (
        etl(pipeline) as connection,
        pytest.raises(psycopg.errors.ForeignKeyViolation, match="_device_key_fkey"),
        connection.transaction(),
    ):
        publish_one_view(connection)
    assert facts(pipeline) == [(0, 0)]
    with pipeline.warehouse() as owner:
        owner.execute("DROP TRIGGER plant ON staging.resolved_event")
    with etl(pipeline) as connection, connection.transaction():
        publish_one_view(connection)
    assert facts(pipeline) == [(1, 1)]


def test_foreign_keys_hold_for_everybody_else_and_members_stay_while_a_run_publishes(pipeline: Pipeline) -> None:
    with etl(pipeline) as run, run.transaction():
        publish_one_view(run)
        with pipeline.warehouse() as owner:
            owner.execute("SET lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                owner.execute("DELETE FROM dim_product WHERE product_id = 'p'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                owner.execute("DELETE FROM dim_date WHERE date_key = 20260101")
            # Who only reads is not kept waiting.
            owner.execute("SELECT count(*) FROM dim_product")
    with pipeline.warehouse() as owner:
        for statement in ("DELETE FROM dim_product WHERE product_id = 'p'", ORPHAN):
            with pytest.raises(psycopg.errors.ForeignKeyViolation):
                owner.execute(statement.encode())
    with etl(pipeline) as connection, pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute(ORPHAN.encode())
