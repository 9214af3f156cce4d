"""Texts that are stored already: which columns hold them, and that only what changes is written."""

import pytest

from migrations.models import metadata
from spark.stored_texts import COLUMNS, scrubbed_stored_json


@pytest.mark.parametrize(("table", "column", "_scrub"), COLUMNS)
def test_every_column_that_is_scrubbed_is_there(table: str, column: str, _scrub: object) -> None:
    assert column in metadata.tables[table].columns


@pytest.mark.parametrize(
    ("stored", "scrubbed"),
    [
        ('[{"option_label": "alloy", "value_label": "gold"}]', '[{"option_label": "alloy", "value_label": "gold"}]'),
        ('[{"x": "jane@example.com"}]', '[{"x":"***"}]'),
        ("null", "null"),
    ],
)
def test_json_without_anything_personal_stays_as_it_is_printed(stored: str, scrubbed: str) -> None:
    assert scrubbed_stored_json(stored) == scrubbed
