"""The files of sql/load/, sql/reload/ and sql/refuse/."""

import re

from spark.load import ANALYZED_AFTER, JOINED_BY_HASH, LOAD_FOLDER, RELOAD_FOLDER
from spark.refused import UNUSED_FOLDER
from spark.stored_texts import PRODUCTS_OF_GONE_PAGES, SCRUBBED_PAGES
from utilities.erasure import facts

STATEMENTS = sorted(file for folder in (LOAD_FOLDER, RELOAD_FOLDER, UNUSED_FOLDER) for file in folder.glob("*.sql"))


def test_each_file_is_one_statement_with_its_grain_in_the_first_line() -> None:
    assert STATEMENTS
    for file in STATEMENTS:
        first, *rest = file.read_text(encoding="utf-8").splitlines()
        assert first.startswith("-- One row"), file.name
        assert ";" not in "".join(rest), file.name


def test_what_is_named_is_a_statement() -> None:
    forget = facts.FORGET_FOLDER.glob("*.sql")
    assert {*JOINED_BY_HASH, *ANALYZED_AFTER} <= {file.stem for file in (*STATEMENTS, *forget)}
    erasure = [facts.FINISH_RUN, facts.TOUCHED_VISITORS, facts.DAILY_ANEW]
    erasure += [facts.FIRST_DAY_ANEW, *facts.PRODUCTS_TAKEN_OUT]
    erasure += [*facts.PRODUCTS_ANEW, SCRUBBED_PAGES, PRODUCTS_OF_GONE_PAGES, *facts.ARCHIVED_TAKEN_OUT, facts.UNSEEN]
    erasure += [*facts.SESSIONS_AND_ORDERS_ANEW, *facts.SKETCHES_ANEW]
    assert [file.name for file in erasure if not file.exists()] == []


def test_what_inserts_changes_nothing_else() -> None:
    """A run reads the keys of the rows that it inserts from the same statement, as its outermost WITH."""
    writes = re.compile(r"^\s*(INSERT INTO|DELETE FROM|UPDATE) ", re.MULTILINE)
    texts = {file.name: file.read_text(encoding="utf-8") for file in STATEMENTS}
    several = [
        name
        for name, text in texts.items()
        if re.search(r"^INSERT INTO (?!staging)", text, re.MULTILINE) and len(writes.findall(text)) > 1
    ]
    assert several == []
