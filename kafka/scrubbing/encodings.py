"""What a text says once its encodings are undone: percent signs, entities, escapes, Base64 and hexadecimal, nested."""

import html
import re
import unicodedata
from base64 import b64decode
from binascii import unhexlify
from collections.abc import Iterator
from urllib.parse import unquote

from kafka.scrubbing.marks import with_few_marks

MOST_TEXTS = 64
"""Texts that are made of one before it is given up; nothing that a shop or a browser sends needs ten."""
_ESCAPED = re.compile(r"(?:\\|%)u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
# Of letters (RFC 2045, section 6.7): as the value of a parameter, `ean=4006381333931`, it may be any two digits.
_QUOTED = re.compile(r"=([0-9A-F]{2})(?=\w)")
# Base64 with the marks of MIME and of addresses (RFC 4648, sections 4 and 5).
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){6,}")
_PLAIN_MARKS = str.maketrans("-_", "+/")
# Characters of UTF-8 (RFC 3629): bytes that may be any are seldom six of them in a row.
_PRINTABLE = re.compile(
    rb"(?:[\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){6,}"
)


class _PlainCharacters(dict[int, int | str | None]):
    """For `str.translate`: digits of any script as ASCII's, and nothing for what has no width, such as U+200B."""

    def __missing__(self, code: int) -> int | str | None:
        digit = unicodedata.decimal(chr(code), None)
        plain = str(digit) if digit is not None else None if unicodedata.category(chr(code)) == "Cf" else code
        return self.setdefault(code, plain)


_PLAIN_CHARACTERS = _PlainCharacters()


class TooManyEncodingsError(ValueError):
    """A text is wrapped deeper than anybody reads."""


def readings(text: str) -> Iterator[tuple[str, bool]]:
    """The text, and all that it says; with each whether it is of bytes, which may be any.

    Raises TooManyEncodingsError where that does not end.
    """
    known = {text}
    waiting: list[tuple[str, bool]] = [(text, False)]
    while waiting:
        found, from_bytes = waiting.pop()
        yield found, from_bytes
        for decoded, is_bytes in _decoded(found):
            if decoded and decoded not in known:
                if len(known) >= MOST_TEXTS:
                    raise TooManyEncodingsError
                known.add(decoded)
                waiting.append((decoded, is_bytes or from_bytes))


def _decoded(text: str) -> Iterator[tuple[str, bool]]:
    """The text with one encoding undone, for each that it may be in."""
    if "%" in text:
        yield unquote(text, errors="replace"), False
    if "&" in text:
        yield html.unescape(text), False
    if "\\" in text or "%u" in text:
        yield _ESCAPED.sub(lambda found: chr(int(found[1] or found[2], 16)), text), False
    if "=" in text:
        yield _QUOTED.sub(lambda found: chr(int(found[1], 16)), text), True
    if not text.isascii():
        yield unicodedata.normalize("NFKC", with_few_marks(text)).translate(_PLAIN_CHARACTERS), False
    # Bytes of ASCII in Base64 have capitals, and a text of small letters only was made of nothing.
    if not text.islower():
        for run in _BASE64.findall(text):
            yield from ((piece, True) for piece in _from_base64(run))
    for run in _HEX.findall(text):
        yield from ((piece, True) for piece in _printable(unhexlify(run)))


def _from_base64(run: str) -> Iterator[str]:
    """What is printable of the run, read from each of its first four characters, as something may precede it."""
    plain = run.translate(_PLAIN_MARKS)
    for start in range(4):
        usable = plain[start:]
        # One character alone is six bits, and no byte.
        usable = usable[: len(usable) - (len(usable) % 4 == 1)]
        yield from _printable(b64decode(usable + "=" * (-len(usable) % 4)))


def _printable(content: bytes) -> Iterator[str]:
    for piece in _PRINTABLE.findall(content):
        yield piece.decode("utf-8", "replace")
