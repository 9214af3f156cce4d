"""What a fact needs beside its declaration (migrations/facts.py), and which of it is missing, one line each."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sqlalchemy import Table

from config.settings import PROJECT_ROOT
from migrations.facts import FACTS, Erased, Fact, Kept, Reloaded, statements
from migrations.feed_facts import FEED_TABLES
from migrations.models import metadata
from migrations.models.subjects import SUBJECTS, tables_of
from utilities.reconciliation.warehouse_figures import COUNTED_BY_PARTITION, comparisons

OF_AN_EVENT = {"event_id", "date_key", "run_id"}
"""The columns that a fact with a row an event has, and no other: so etl.remove_month finds them."""


def missing_pieces() -> list[str]:
    """What is missing of all facts: empty where nothing is."""
    found = [*_undeclared()]
    for name, fact in FACTS.items():
        table = metadata.tables.get(name)
        found += [f"migrations/models: {name} has no model"] if table is None else [*_in_the_model(name, table, fact)]
        found += [*_in_revisions(name, fact), *_in_sql(name, fact), *_elsewhere(name, fact)]
    return found


def _undeclared() -> Iterator[str]:
    """Facts that have a model and are declared nowhere, or that no page describes."""
    described = {table.name for module in SUBJECTS.values() for table in tables_of(module)}
    of_feeds = {table.name for table in FEED_TABLES.values()}
    for name, table in metadata.tables.items():
        if table.schema is None and name.startswith("fact_") and name not in FACTS.keys() | of_feeds:
            yield f"migrations/facts.py: {name} is not declared"
        if table.schema is None and name not in described:
            yield f"migrations/models/subjects.py: leads to no model of {name}"


def _in_revisions(name: str, fact: Fact) -> Iterator[str]:
    revisions = _text("migrations/versions/*.py")
    if not re.search(rf"(\"|TABLE ){name}\b", revisions):
        yield f"migrations/versions: no revision makes {name}"
    if not re.search(rf"INSERT INTO {name}\b", _text("tests/integration/revision_rows/*.sql")):
        yield f"tests/integration/revision_rows: no revision has a row of {name}"
    for kind in fact.kinds if fact.is_of_chosen_kinds else ():
        if f'"{kind}"' not in revisions:
            yield f"migrations/versions: no revision puts {kind} into dim_event_kind"


def _in_sql(name: str, fact: Fact) -> Iterator[str]:
    load = _statements("load")
    if not re.search(rf"INSERT INTO {name}\b", load):
        yield f"sql/load: no statement inserts into {name}"
    if fact.reloaded is Reloaded.FROM_EVENTS and not re.search(rf"DELETE FROM {name}\b", load):
        yield f"sql/load: no statement deletes from {name} what changed events tell anew"
    if fact.erased is Erased.ANEW and not re.search(rf"DELETE FROM {name}\b", load + _statements("forget")):
        yield f"sql/forget or sql/load: no statement deletes from {name} what an erased person is counted in"


def _in_the_model(name: str, table: Table, fact: Fact) -> Iterator[str]:
    columns = set(table.columns.keys())
    is_of_an_event = columns >= OF_AN_EVENT
    if (fact.kept is Kept.BY_MONTH) != is_of_an_event or bool(fact.kinds) != is_of_an_event:
        yield f"migrations/models: {name} is kept by month and has kinds if and only if it has {sorted(OF_AN_EVENT)}"
    if fact.reloaded is Reloaded.BY_DAY and "date_key" not in columns:
        yield f"migrations/models: {name} is reloaded by day and has no date_key"
    if (fact.erased is Erased.BY_PERSON) != bool(fact.person):
        yield f"migrations/facts.py: {name} is erased by person if and only if it says whose its rows are"
    if fact.person and not set(re.findall(r"\w+", fact.person)) - {"coalesce"} <= columns:
        yield f"migrations/models: {name} has no {fact.person}, which tells whose its rows are"
    if not fact.person and columns & {"visitor", "user_hash", "person"}:
        yield f"migrations/facts.py: {name} holds persons and does not say whose its rows are"
    parents = {key.column.table.name for key in table.foreign_keys if key.ondelete == "CASCADE"}
    if Reloaded.WITH_PARENT is fact.reloaded and not any(parent.startswith("fact_") for parent in parents):
        yield f"migrations/models: rows of {name} go with those of no other fact"
    is_partitioned = table.dialect_options["postgresql"]["partition_by"] is not None
    if is_partitioned and f"'{name}'" not in _text("sql/functions/ensure_month_partition.sql"):
        yield f"sql/functions/ensure_month_partition.sql: makes no months of {name}"


def _elsewhere(name: str, fact: Fact) -> Iterator[str]:
    identities = COUNTED_BY_PARTITION | {identity for identity, *_ in comparisons()}
    if fact.counted is not None and fact.counted not in identities:
        yield f"utilities/reconciliation/warehouse_figures.py: no identity {fact.counted} counts {name}"
    if f"### public.{name}\n" not in _text("docs/data_dictionary.md"):
        yield f"docs/data_dictionary.md: does not describe {name} (make dictionary)"
    if not re.search(rf"\b{name} {{", _text("docs/entities.md")):
        yield f"docs/entities.md: does not draw {name} (make dictionary)"


@cache
def _statements(folder: str) -> str:
    """The statements of a folder of sql/, those that are run for several facts for each."""
    files = sorted((PROJECT_ROOT / "sql" / folder).glob("*.sql"))
    return "\n".join(statement for file in files for statement in statements(file))


@cache
def _text(pattern: str) -> str:
    """The text of all files that a pattern below the checkout names."""
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(Path(PROJECT_ROOT).glob(pattern)))
