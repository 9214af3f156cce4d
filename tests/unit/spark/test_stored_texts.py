"""Texts that are stored already: which columns hold them, and that only what changes is written."""

from hashlib import sha256
from pathlib import Path

import pytest

import kafka.scrubbing
from migrations.models import metadata
from spark.carts import read_cart
from spark.prices import Spelling
from spark.stored_texts import COLUMNS, SCRUBBER, scrubbed_stored_json, scrubbed_stored_value

DIGEST = "a5cf3e0da73f95d3"
"""Of the rules of this SCRUBBER. Where a rule has changed, raise SCRUBBER, or what is stored stays as it is; then, and
where only words of a comment have changed, write the digest that the test prints."""


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


def test_the_choices_of_a_rejected_cart_do_not_stay_as_another_scrubber_read_them() -> None:
    line = {"product_id": "7", "amount": "x"}
    chosen = line | {"option": [{"option_label": "Name of one", "value_label": "Anna Schmidt"}]}
    plain, with_choices = (read_cart([sent], Spelling(".", {}, frozenset())).lines for sent in (line, chosen))
    assert scrubbed_stored_value(plain) == plain
    assert scrubbed_stored_value(with_choices) == scrubbed_stored_value(with_choices[:-5]) == "***"
    assert scrubbed_stored_value("12,0") == "12,0"


def test_no_rule_changes_without_the_version_of_the_scrubber() -> None:
    rules = sorted(Path(kafka.scrubbing.__file__).parent.glob("*.py"))
    digest = sha256(b"".join(rule.read_bytes() for rule in rules)).hexdigest()[:16]
    assert (SCRUBBER, digest) == (6, DIGEST)
