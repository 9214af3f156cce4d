"""The dictionary says of each column what it means and where it comes from, or is not written at all."""

import pytest

from config.errors import TerminalError
from migrations.models import metadata
from migrations.models.subjects import SUBJECTS, tables_of
from utilities.reference_docs.data_dictionary import Catalog, Column, Function, Relation, dictionary_page


def catalog_of_models() -> Catalog:
    """What the catalog would say, without keys and types."""
    tables = {
        table.name: Relation(
            table.name, "r", table.comment, [Column(each.name, "text", [], [], each.comment) for each in table.columns]
        )
        for table in metadata.tables.values()
        if table.schema is None
    }
    days = Relation("days", "m", "One row per day", [Column("day", "date", ["unique"], [], "a | b")])
    visitors = Function("visitors", "first_day date", "bigint", "One row: the visitors")
    return Catalog(tables, {"days": days}, [visitors], {"days": ["dim_date"], "visitors": ["fact_event"]})


def test_every_column_that_analysts_see_names_its_source() -> None:
    tables = [table for module in SUBJECTS.values() for table in tables_of(module)]
    assert {table.name for table in tables} == {each.name for each in metadata.tables.values() if each.schema is None}
    assert [column for table in tables for column in table.columns if not column.info["source"]] == []


def test_tables_marts_and_functions_are_described() -> None:
    page = dictionary_page(catalog_of_models())
    assert "### public.fact_search\n\nOne row per search (search_box_action).\n" in page
    assert "| `search_terms` | text |  | As typed, lower-case, single-spaced | event `key_search` |" in page
    assert "Computed from `dim_date`, when it was last refreshed." in page
    assert "`mart.visitors(first_day date)` returns `bigint`, computed from `fact_event`." in page


def test_a_view_of_the_star_is_described_by_its_comments() -> None:
    catalog = catalog_of_models()
    catalog.tables["dim_country"] = Relation(
        "dim_country", "v", "One row per store", [Column("store_id", "text", [], [], "The shop's id")]
    )
    catalog.reads["dim_country"] = ["dim_store"]
    page = dictionary_page(catalog)
    assert "### public.dim_country\n\nOne row per store.\n\nComputed from `dim_store`.\n" in page
    assert "| `store_id` | text |  | The shop's id |" in page


def test_a_bar_in_a_comment_stays_in_its_cell() -> None:
    assert r"| `day` | date | unique | a \| b |" in dictionary_page(catalog_of_models())


def test_a_key_that_no_foreign_key_checks_is_shown_as_such() -> None:
    page = dictionary_page(catalog_of_models())
    assert "| `kind_key` | text | → dim_event_kind (unchecked) |" in page


def test_a_column_without_a_comment_stops_the_command() -> None:
    catalog = catalog_of_models()
    catalog.marts["days"].columns.append(Column("views", "bigint", [], [], None))
    with pytest.raises(TerminalError, match=r"days\.views has no comment"):
        dictionary_page(catalog)


def test_a_table_without_a_model_stops_the_command() -> None:
    catalog = catalog_of_models()
    catalog.tables["dim_weather"] = Relation("dim_weather", "r", "One row per day", [])
    with pytest.raises(TerminalError, match="dim_weather"):
        dictionary_page(catalog)
