"""How names are compared: in lower case without accents and marks."""

import re
import unicodedata

from kafka.scrubbing.marks import with_few_marks

# Letters that no accent can be taken from, in small.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "\u0131": "i", "æ": "ae", "œ": "oe"})
_NO_LETTERS = re.compile(r"[\W\d_]+")
_INNER_CAPITAL = re.compile(r"[a-z]{2}(?=[A-Z])|[A-Z]{2}(?=[A-Z][a-z])")


def plain(name: str) -> str:
    """The name in small letters of ASCII where it is of Latin ones: `Straße` is `strasse`, `Hasło` `haslo`."""
    if name.isascii():
        return name.lower()
    apart = unicodedata.normalize("NFKD", with_few_marks(name.casefold().translate(_LETTERS)))
    return "".join(character for character in apart if not unicodedata.combining(character))


def plain_words(listed: str) -> frozenset[str]:
    """The words of a list, as they are compared."""
    return frozenset(map(plain, listed.split()))


def plain_page(name: str) -> str:
    """The name without the end of a page's file name."""
    return plain(name).removesuffix(".html").removesuffix(".php")


def spaced(name: str) -> str:
    """The words of a name, by spaces: `billing_address[1]` is `billing address`."""
    return _NO_LETTERS.sub(" ", plain_page(name)).strip()


def apart(name: str) -> str:
    """With a space before capitals within: `resetPassword` is `reset Password`."""
    return _INNER_CAPITAL.sub(r"\g<0> ", name)
