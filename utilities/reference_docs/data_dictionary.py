"""docs/data_dictionary.md from the comments in the migrated database, and docs/entities.md from the models."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg

from config.errors import TerminalError
from config.settings import PROJECT_ROOT
from migrations.models import metadata
from migrations.models.subjects import SUBJECTS, tables_of, unchecked_reference
from utilities.psql import ReaderSettings
from utilities.reference_docs.entity_diagram import entity_page
from utilities.stores.warehouse import warehouse_connection

DICTIONARY = PROJECT_ROOT / "docs" / "data_dictionary.md"
ENTITIES = PROJECT_ROOT / "docs" / "entities.md"

STATEMENTS = PROJECT_ROOT / "sql" / "dictionary"
HEADER = """# Data dictionary

What analysts see as `bi_reader`: the star in schema `public`, and the marts in schema `mart`. The sentence below a name
is its grain. Keys drawn as lines: [entities](entities.md). A field in backquotes, such as `store_id`, is the event's;
what is made of fields by rules is in [enrichment](enrichment.md). No foreign key is null: `-1` is Unknown, `-2`
[Not applicable](definitions.md#unknown-and-not-applicable); an unchecked one is a key of a join that no foreign key
checks.

This page is made by `./millrace dictionary` from the comments in the migrated database.
"""
VIEW, MATERIALIZED = "v", "m"


@dataclass(frozen=True)
class Column:
    """A column as the catalog has it; `keys` say what it identifies, `targets` are the tables that it points to."""

    name: str
    type: str
    keys: list[str]
    targets: list[str]
    meaning: str | None


@dataclass(frozen=True)
class Relation:
    """A table or view as the catalog has it; `kind` is PostgreSQL's `relkind`."""

    name: str
    kind: str
    grain: str | None
    columns: list[Column]


@dataclass(frozen=True)
class Function:
    """A function of schema mart."""

    name: str
    arguments: str
    result: str
    grain: str | None


@dataclass(frozen=True)
class Catalog:
    """What is described: tables and marts by name, functions, and by mart or function the tables that it reads."""

    tables: dict[str, Relation]
    marts: dict[str, Relation]
    functions: list[Function]
    reads: dict[str, list[str]]


def write_pages(check: bool) -> None:
    """Write both pages, or raise TerminalError where `check` finds one that is out of date."""
    for path, text in pages(_warehouse_catalog()).items():
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise TerminalError(f"docs/{path.name} is out of date: ./millrace dictionary writes it anew")


def pages(catalog: Catalog) -> dict[Path, str]:
    """The text of each page; raises TerminalError for a table without a model and for anything without a comment."""
    return {DICTIONARY: dictionary_page(catalog), ENTITIES: entity_page()}


def _warehouse_catalog() -> Catalog:
    settings = ReaderSettings.load()
    with warehouse_connection(settings, settings.postgres_bi_user, settings.postgres_bi_password) as connection:
        return read_catalog(connection)


def read_catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """What the database says of its tables and marts; any role may ask."""
    schemas: dict[str, dict[str, Relation]] = {"public": {}, "mart": {}}
    for (schema, name, kind, grain), rows in groupby(_rows(connection, "columns"), key=lambda row: row[:4]):
        schemas[schema][name] = Relation(name, kind, grain, [Column(*row[4:]) for row in rows])
    reads: dict[str, list[str]] = {}
    for name, table in _rows(connection, "reads"):
        reads.setdefault(name, []).append(table)
    functions = [Function(*row) for row in _rows(connection, "functions")]
    return Catalog(schemas["public"], schemas["mart"], functions, reads)


def _rows(connection: psycopg.Connection[Any], name: str) -> list[tuple[Any, ...]]:
    return connection.execute((STATEMENTS / f"{name}.sql").read_bytes()).fetchall()


def dictionary_page(catalog: Catalog) -> str:
    """The page as Markdown: the tables by subject, then the views of the star, marts and functions by name."""
    described = {table.name for module in SUBJECTS.values() for table in tables_of(module)}
    views = {name: relation for name, relation in catalog.tables.items() if relation.kind == VIEW}
    if unknown := catalog.tables.keys() - views.keys() - described:
        raise TerminalError(f"migrations/models/subjects.py leads to no model of {', '.join(sorted(unknown))}")
    lines = [HEADER]
    for title, module in SUBJECTS.items():
        lines += [f"## {title}", ""]
        for table in tables_of(module):
            lines += [*_table(catalog.tables[table.name]), ""]
    for title, schema, relations in (("Views", "public", views), ("Marts", "mart", catalog.marts)):
        lines += [f"## {title}", ""]
        for relation in relations.values():
            lines += [*_view(schema, relation, catalog.reads[relation.name]), ""]
    lines += ["## Functions", ""]
    for function in catalog.functions:
        lines += [*_function(function, catalog.reads[function.name]), ""]
    return "\n".join(lines).rstrip() + "\n"


def _table(table: Relation) -> Iterator[str]:
    yield from _heading(f"public.{table.name}", table.grain)
    yield from _row("column", "type", "key", "meaning", "source")
    yield from _row(*["---"] * 5)
    for column in table.columns:
        model = metadata.tables[table.name].columns[column.name]
        unchecked = unchecked_reference(model)
        if unchecked:
            column = replace(column, targets=[f"{unchecked.partition('.')[0]} (unchecked)"])
        yield from _row(*_cells(table.name, column), model.info["source"])


def _view(schema: str, view: Relation, reads: list[str]) -> Iterator[str]:
    freshness = ", when it was last refreshed" if view.kind == MATERIALIZED else ""
    yield from _heading(f"{schema}.{view.name}", view.grain)
    yield from (f"Computed from {_names(reads)}{freshness}.", "")
    yield from _row("column", "type", "key", "meaning")
    yield from _row(*["---"] * 4)
    for column in view.columns:
        yield from _row(*_cells(view.name, column))


def _function(function: Function, reads: list[str]) -> Iterator[str]:
    yield from _heading(f"mart.{function.name}", function.grain)
    yield f"`mart.{function.name}({function.arguments})` returns `{function.result}`, computed from {_names(reads)}."


def _heading(name: str, grain: str | None) -> Iterator[str]:
    yield from (f"### {name}", "", f"{_said(name, grain).removesuffix('.')}.", "")


def _cells(relation: str, column: Column) -> list[str]:
    keys = ", ".join([*column.keys, *(f"→ {target}" for target in column.targets)])
    return [f"`{column.name}`", column.type, keys, _said(f"{relation}.{column.name}", column.meaning)]


def _said(name: str, comment: str | None) -> str:
    if not comment:
        raise TerminalError(f"{name} has no comment in the database: its migration must say what it means")
    return comment


def _names(relations: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in relations)


def _row(*cells: str) -> Iterator[str]:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    yield f"| {' | '.join(escaped)} |"
