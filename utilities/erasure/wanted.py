"""The texts of a person that are looked for, and whether something holds one, however it is spelled.

What is looked for and what is looked through are brought to one spelling: the escapes of JSON and of PostgreSQL's COPY
undone, however deep they are nested, and the case of letters folded.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from struct import pack
from typing import NamedTuple

from utilities.erasure.visitor import Visitor

LONGEST_SHOP_NUMBER = 10
"""Digits: ids of products and orders, and times, have as many, and are the ids of users by chance."""
MOST_NESTED = 3
"""Times that a backslash is written by its code, within another."""
# Each encoder escapes what it likes (RFC 8259, section 7), and a JSON text within JSON has its escapes escaped. Other
# backslashes go: they stand before what is meant as it is, or are meant themselves, doubled each time.
_ESCAPES = re.compile(r"(?:\\+u[0-9A-Fa-f]{4})+|\\+[bfnrtvBFNRTV]?")
_BEFORE_CODE = re.compile(r"\\+u")
_SPACES = "\b\f\n\r\t\v-_+"
# Between letters and digits a number is another, or a part of a hash; behind `%3d` it is the value of a parameter.
_WORD = r"(?:(?<![^\W_])|(?<=%[0-9a-f]{{2}})){}(?![^\W_])"
_NUMBER = re.compile(r"-?\d{1,19}(?:\.\d{1,19})?", re.ASCII)


def folded(content: bytes | str) -> str:
    """The content without escapes and line breaks, in small letters: one text for all spellings of it.

    Hyphen, underscore and plus are spaces, as in the name that the address of a page gives a product: *Anna Schmidt*.
    """
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    for _ in range(MOST_NESTED):
        if "\\" in text:
            text = _ESCAPES.sub(_unescaped, text)
    for mark in _SPACES:
        text = text.replace(mark, " ")
    while "  " in text:
        text = text.replace("  ", " ")
    # Turkish has i with and without a dot in both cases, and languages differ in what is the small letter of which.
    return text.casefold().replace("\u0307", "").replace("\u0131", "i")


def is_number(text: str) -> bool:
    """Whether the text is of digits alone."""
    return text.isascii() and text.isdigit()


class Spelling(NamedTuple):
    """How a text is found: folded, as a whole word where `word` says so, or as a number of BSON."""

    text: str
    plain: str
    word: re.Pattern[str] | None
    numbers: list[tuple[bytes, re.Pattern[bytes]]]

    @classmethod
    def of(cls, text: str) -> "Spelling":
        """The spelling of a text; of a number others' numbers and hashes hold the digits, too."""
        plain = folded(text.encode("utf-8", "replace"))
        word = re.compile(_WORD.format(plain)) if is_number(plain) else None
        return cls(text, plain, word, list(_numbers(text)))

    def is_in(self, content: bytes | str, told: str) -> bool:
        """Whether the content, of which `told` is the folded text, holds it."""
        if self.plain in told and (self.word is None or self.word.search(told)):
            return True
        return isinstance(content, bytes) and any(
            packed in content and pattern.search(content) for packed, pattern in self.numbers
        )


@dataclass(frozen=True)
class Wanted:
    """What is looked for: texts in whatever spelling; `hashes` in the warehouse and its archives alone."""

    visitor: Visitor
    texts: Sequence[str]
    hashes: Sequence[str] = field(default=())

    @cached_property
    def _spellings(self) -> list[Spelling]:
        spellings = (Spelling.of(text) for text in self.texts)
        return [each for each in spellings if each.plain]

    def held_in(self, content: bytes | str | None) -> frozenset[str]:
        """The texts that the content holds."""
        return frozenset(self._held(content))

    def is_in(self, content: bytes | str | None) -> bool:
        """Whether the content holds one of the texts."""
        return next(self._held(content), None) is not None

    def _held(self, content: bytes | str | None) -> Iterator[str]:
        if content and self._spellings:
            told = folded(content)
            yield from (each.text for each in self._spellings if each.is_in(content, told))

    def without(self, texts: Collection[str]) -> "Wanted":
        """The same without these texts."""
        return replace(self, texts=[text for text in self.texts if text not in texts]) if texts else self

    def with_hashes(self) -> "Wanted":
        """The same with the hashes as texts."""
        return replace(self, texts=[*self.texts, *self.hashes])


def _unescaped(found: re.Match[str]) -> str:
    escape = found[0]
    if "u" in escape:
        return bytes.fromhex(_BEFORE_CODE.sub("", escape)).decode("utf-16-be", "replace")
    return "" if escape[-1] == "\\" else " "


def _numbers(text: str) -> Iterator[tuple[bytes, re.Pattern[bytes]]]:
    """The text as a double, 32-bit or 64-bit integer, as an element of BSON: type, name, value (https://bsonspec.org)."""
    if not _NUMBER.fullmatch(text):
        return
    kinds = [(b"\x01", pack("<d", float(text)))]
    if "." not in text and -(2**63) <= int(text) < 2**63:
        kinds.append((b"\x12", pack("<q", int(text))))
        if -(2**31) <= int(text) < 2**31:
            kinds.append((b"\x10", pack("<i", int(text))))
    for kind, packed in kinds:
        yield packed, re.compile(re.escape(kind) + rb"[^\x00]*\x00" + re.escape(packed))
