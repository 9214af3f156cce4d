"""A fact is declared once, and whatever it still lacks is named."""

import re
from pathlib import Path

import pytest

from config.settings import PROJECT_ROOT
from migrations.facts import FACTS, RUN_FOR, for_fact, for_facts_of_kinds, kinds_with_facts, statements
from spark.schemas import KINDS
from tests.adding_a_kind import copied_checkout, run_in, steps
from tests.fact_pieces import missing_pieces

PIECES = "from tests.fact_pieces import missing_pieces; print('\\n'.join(missing_pieces()))"
MOST_FILES = 10


def test_no_fact_lacks_anything() -> None:
    assert missing_pieces() == []


def test_a_forgotten_declaration_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(FACTS, "fact_search")
    assert missing_pieces() == ["migrations/facts.py: fact_search is not declared"]


def test_every_kind_with_a_fact_is_read() -> None:
    assert set(kinds_with_facts()) < KINDS
    assert len(KINDS) == 27


def test_a_statement_for_every_fact_names_each() -> None:
    assert (
        for_fact("DELETE FROM {fact} WHERE {person} = 1", "fact_search")
        == "DELETE FROM fact_search WHERE coalesce(user_hash, visitor) = 1"
    )
    lines = for_facts_of_kinds("SELECT\n  '{fact}', {kinds} FROM {fact}\nORDER BY 1").splitlines()
    assert lines[0] == "SELECT"
    assert "  'fact_search', ARRAY['search_box_action'] FROM fact_search" in lines
    assert lines.count("UNION ALL") == len(set(kinds_with_facts().values())) - 1
    assert lines[-1] == "ORDER BY 1"


def test_what_names_a_fact_in_braces_is_run_for_each_of_some() -> None:
    files = [file for folder in ("load", "reload", "forget") for file in (PROJECT_ROOT / "sql" / folder).glob("*.sql")]
    assert {f"{file.parent.name}/{file.stem}" for file in files if "{fact}" in file.read_text()} == RUN_FOR.keys()
    for file in files:
        assert statements(file) and not any(re.search(r"[{}]", statement) for statement in statements(file)), file.name


def test_a_new_kind_with_a_fact_takes_ten_files_at_most_and_each_missing_one_is_named(tmp_path: Path) -> None:
    checkout = copied_checkout(tmp_path)
    declaration, *others = steps()
    declaration.apply(checkout)
    fact, kind = "fact_wishlist_event", "add_to_wishlist_action"
    generated = [
        f"docs/data_dictionary.md: does not describe {fact} (make dictionary)",
        f"docs/entities.md: does not draw {fact} (make dictionary)",
    ]
    assert run_in(checkout, "-c", PIECES).splitlines() == [
        f"migrations/models: {fact} has no model",
        f"migrations/versions: no revision makes {fact}",
        f"tests/integration/revision_rows: no revision has a row of {fact}",
        f"migrations/versions: no revision puts {kind} into dim_event_kind",
        f"sql/load: no statement inserts into {fact}",
        *generated,
    ]
    for step in others:
        step.apply(checkout)
    assert run_in(checkout, "-c", PIECES).splitlines() == generated
    # docs/events.md and CHANGELOG.md.
    assert len(steps()) + len(generated) + 2 <= MOST_FILES
