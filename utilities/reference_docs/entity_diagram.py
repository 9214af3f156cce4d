"""docs/entities.md: the tables that analysts see and the keys between them, as Mermaid diagrams of the models."""

from collections.abc import Iterator

from sqlalchemy import Column, ForeignKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql

from migrations.models.subjects import SUBJECTS, tables_of, unchecked_reference

HEADER = """# Entities

The tables of schema `public`, a diagram for each subject; a table that another subject describes is shown by its name
alone. Columns and their meaning: [data dictionary](data_dictionary.md).

A solid line is a foreign key, which PostgreSQL checks. A dotted line is a key of `fact_event` that no foreign key
checks, since each comes from a join with its dimension; `./millrace quality` looks for orphans. `||` at a line's end is
exactly one row, `|o` none or one, `o{` any number.

This page is made by `./millrace dictionary`.
"""
SHORT_TYPES = {"TIMESTAMP WITH TIME ZONE": "timestamptz"}


def entity_page() -> str:
    """The page as Markdown: a Mermaid `erDiagram` for each subject."""
    diagrams = [
        f"\n## {title}\n\n```mermaid\n{diagram(tables_of(module))}\n```\n" for title, module in SUBJECTS.items()
    ]
    return HEADER + "".join(diagrams)


def diagram(tables: list[Table]) -> str:
    """An `erDiagram` of the tables, their columns with the keys first, and of what these point to."""
    lines = ["erDiagram"]
    for table in tables:
        columns = sorted(table.columns, key=lambda each: 0 if each.primary_key else 1 if _points(each) else 2)
        lines += [f"    {table.name} {{", *(f"        {attribute(column)}" for column in columns), "    }"]
    for table in tables:
        lines += [f"    {line}" for line in relationships(table)]
    return "\n".join(lines)


def attribute(column: Column[object]) -> str:
    """Type, name and keys, such as `bigint product_key PK,FK`."""
    sql = column.type.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
    kind = SHORT_TYPES.get(sql, sql.partition("(")[0].lower())
    keys = [
        name for name, holds in (("PK", column.primary_key), ("FK", _points(column)), ("UK", _unique(column))) if holds
    ]
    return f"{kind} {column.name} {','.join(keys)}".rstrip()


def relationships(table: Table) -> Iterator[str]:
    """One line a foreign key or unchecked key to another table of schema public, such as `a ||--o{ b : "key"`."""
    for constraint in sorted(table.foreign_key_constraints, key=lambda each: [*each.column_keys]):
        if _is_drawn(constraint):
            columns = [*constraint.columns]
            end = "|o" if any(column.nullable for column in columns) else "||"
            names = ", ".join(column.name for column in columns)
            yield f'{constraint.referred_table.name} {end}--o{{ {table.name} : "{names}"'
    for column in table.columns:
        if target := unchecked_reference(column):
            yield f'{target.partition(".")[0]} {"|o" if column.nullable else "||"}..o{{ {table.name} : "{column.name}"'


def _is_drawn(constraint: ForeignKeyConstraint) -> bool:
    return constraint.referred_table.schema is None


def _points(column: Column[object]) -> bool:
    checked = any(key.column.table.schema is None for key in column.foreign_keys)
    return checked or unchecked_reference(column) is not None


def _unique(column: Column[object]) -> bool:
    constraints = column.table.constraints if isinstance(column.table, Table) else set()
    return any(isinstance(each, UniqueConstraint) and [*each.columns] == [column] for each in constraints)
