"""What Alembic compares with the models, and what it leaves alone."""

import pytest

from migrations.models import is_compared, is_modelled, metadata


@pytest.mark.parametrize("name", ["fact_event_2026_01", "fact_product_view_event_1999_12"])
def test_the_partitions_that_the_etl_makes_are_left_alone(name: str) -> None:
    assert not is_compared(None, name, "table", True, None)


@pytest.mark.parametrize("name", ["fact_event", "fact_session_2026_01", "unknown_2026_01", "dim_default"])
def test_any_other_table_is_compared(name: str) -> None:
    assert is_compared(None, name, "table", True, None)


def test_schemas_without_models_are_left_alone() -> None:
    assert [
        schema
        for schema in (None, "etl", "staging", "identity", "live", "mart", "other")
        if is_modelled(schema, "schema", {})
    ] == [None, "etl", "staging", "identity", "live"]


def test_every_table_and_every_column_of_the_star_and_the_ledger_has_a_comment() -> None:
    for table in metadata.tables.values():
        assert table.comment, table
        if table.schema != "staging":
            assert [column for column in table.columns if not column.comment] == []
