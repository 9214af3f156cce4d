"""What DBeaver and others ask of the JDBC driver as bi_reader: tables, views, comments and keys are all visible."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import Table

from migrations.marts import read_marts
from migrations.models.subjects import SUBJECTS, tables_of
from tests.empty_database import Database, empty_warehouse
from tests.jdbc import DriverMetadata, driver_metadata
from utilities.local_servers.stack import Stack

TABLES = [table for module in SUBJECTS.values() for table in tables_of(module)]
VIEWS = [mart for mart in read_marts() if mart.kind != "FUNCTION"]
KINDS = ("TABLE", "PARTITIONED TABLE", "VIEW", "MATERIALIZED VIEW")
UNREADABLE = """
SELECT format('%I.%I', schemaname, relname) FROM (
    SELECT schemaname, tablename AS relname FROM pg_tables UNION ALL SELECT schemaname, viewname FROM pg_views
    UNION ALL SELECT schemaname, matviewname FROM pg_matviews
) AS relation
WHERE schemaname IN ('public', 'mart') AND relname <> 'alembic_version'
  AND NOT has_table_privilege('bi_reader', format('%I.%I', schemaname, relname), 'SELECT')
"""

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def database(servers: Stack) -> Iterator[Database]:
    """A migrated warehouse that the tests only read."""
    with empty_warehouse(servers, f"warehouse_{os.getpid()}_jdbc") as database:
        yield database


@pytest.fixture(scope="module")
def driver(database: Database) -> Iterator[DriverMetadata]:
    """The driver's answers to bi_reader."""
    with driver_metadata(database, "bi_reader") as metadata:
        yield metadata


def key_columns(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


def references(table: Table) -> set[tuple[str, str, str]]:
    """Column, table and column that it refers to."""
    return {(key.parent.name, key.column.table.name, key.column.name) for key in table.foreign_keys}


def test_every_table_and_view_is_listed_with_its_comment(driver: DriverMetadata) -> None:
    expected = {("public", table.name): table.comment for table in TABLES}
    expected |= {("public", "dim_country"): None} | {("mart", mart.name): mart.grain for mart in VIEWS}
    listed = {
        (schema, name): remarks
        for schema in ("public", "mart")
        for name, remarks in driver.tables(schema, KINDS, "TABLE_NAME", "REMARKS")
    }
    assert expected.keys() - listed.keys() == set()
    # Alembic's own table is the only one that the migrations do not make.
    assert {name for name, remarks in listed.items() if not remarks} <= {("public", "alembic_version")}
    assert {name: text for name, text in expected.items() if text and listed[name] != text} == {}


def test_whatever_is_listed_can_be_read(database: Database) -> None:
    with database.connect("bi_reader") as reader:
        assert reader.execute(UNREADABLE).fetchall() == []


def test_every_column_is_listed_in_its_order_with_its_comment(driver: DriverMetadata) -> None:
    expected = {("public", table.name, column.name): column.comment for table in TABLES for column in table.columns}
    expected |= {("mart", mart.name, name): text for mart in VIEWS for name, text in mart.columns.items()}
    listed = {
        (schema, relation, column): remarks
        for schema in ("public", "mart")
        for relation, column, remarks in driver.columns(schema, "TABLE_NAME", "COLUMN_NAME", "REMARKS")
    }
    assert {name: text for name, text in expected.items() if listed.get(name) != text} == {}
    for mart in VIEWS:
        assert [name for _, relation, name in listed if relation == mart.name] == list(mart.columns)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_key_and_index_is_listed(driver: DriverMetadata, table: Table) -> None:
    keys = driver.primary_keys("public", table.name, "KEY_SEQ", "COLUMN_NAME")
    assert [name for _, name in sorted(keys, key=lambda row: int(row[0] or 0))] == key_columns(table)
    imported = driver.imported_keys("public", table.name, "FKCOLUMN_NAME", "PKTABLE_NAME", "PKCOLUMN_NAME")
    assert references(table) - set(imported) == set()
    indexed = {name for (name,) in driver.indexes("public", table.name, "INDEX_NAME")}
    assert {index.name for index in table.indexes} - indexed == set()
