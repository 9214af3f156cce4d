"""What a field of an operator's file must hold, whatever the file is."""

from functools import cache
from typing import Any

from config.reference import reference_rows
from utilities.record_file.reading import is_utf8

LONGEST_TEXT = 1_000


class FieldError(Exception):
    """A value breaks the rule of its field; `problem` says which."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(problem)


def text_of(field: str, value: Any) -> str | None:
    """Single-spaced text; None where it is blank. Raises FieldError for what is none, or too long."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise FieldError(field, "is no text")
    text = " ".join(storable(field, value).split())
    if len(text) > LONGEST_TEXT:
        raise FieldError(field, f"has {len(text)} characters; {LONGEST_TEXT} are allowed")
    return text or None


def number_text_of(field: str, value: Any) -> str | None:
    """As `text_of`, and a JSON number as it is spelled."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = repr(value)
    return text_of(field, value)


def storable(field: str, text: str) -> str:
    """The text; raises FieldError for one that PostgreSQL cannot hold."""
    if not is_utf8(text):
        raise FieldError(field, "is not UTF-8")
    if "\0" in text:
        raise FieldError(field, "holds U+0000")
    return text


def currency_of(field: str, text: str) -> str:
    """The code in capitals; raises FieldError for one that is not in config/reference/currencies.csv."""
    code = text.upper()
    if code not in known_currencies():
        raise FieldError(field, "is no currency of ISO 4217 that was legal tender since 2015")
    return code


@cache
def known_currencies() -> frozenset[str]:
    """The codes of config/reference/currencies.csv."""
    return frozenset(row["currency"] for row in reference_rows("currencies.csv"))
