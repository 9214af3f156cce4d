"""Addresses of e-mail, tokens, numbers of cards and telephones, and what is said to be personal, replaced by MASK.

One rule for warehouse and search, in URLs, text, ids and JSON. What is masked is a whole folder of a path, value of a
parameter, word or labelled phrase of a text, so that no half of it stays. Whether a text holds an address or a number
is asked of all that it says once encodings are undone.
A name of a person that stands in free text alone, without one of `names`, is told by nothing and stays.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import count
from typing import Any

import orjson

from kafka.event_text import LONGEST_TEXT
from kafka.scrubbing.encodings import TooManyEncodingsError, readings
from kafka.scrubbing.names import (
    GOODS_FOLDERS,
    NAMES_IN_PATHS,
    PAGES,
    PERSONS_FOLDERS,
    canonical,
    is_identity,
    is_personal_field,
    is_personal_option,
)
from kafka.scrubbing.numbers import SHORTEST_CARD_IN_URLS, holds_number, is_card, masked_numbers
from kafka.scrubbing.phrases import masked_phrases
from kafka.scrubbing.tokens import is_token

MASK = "***"
WEB = ("http", "https", "")
_AT = re.compile(r"\s?(?:@|\uff20|[(\[{<]\s?at\s?[)\]}>])\s?", re.IGNORECASE)
_AT_BEGINS = re.compile(r"[@\uff20(\[{<]")
# As an entity it holds marks that delimit parameters, and is undone before they are told apart.
_AT_ENTITY = re.compile(r"&(?:amp;)*(?:(?:#|%(?:25)*23)(?:0*64|[xX]0*40);?|commat;)")
# Of bytes that may be anything, only what looks like a whole address counts: from its at sign on.
_ADDRESS = re.compile(r"(?<=[^\s@<>(),;:\"])@[^\s@<>(),;:\"]+\.[^\W\d_]{2,}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_PATH_MARK, _QUERY_MARK = re.compile(r"([/;&]+)"), re.compile(r"([?&;#]+)")
# Browsers read a backslash before the query as a slash (WHATWG URL, section 4.4), but it begins an escape, too.
_TWO_SLASHES = ("//", "\\\\", "/\\", "\\/")
_PRODUCTS = re.compile(r"[^/:?&=#\\]+/[^:?&=#\\]*")
_BACKSLASH, _SLASH = re.compile(r"(\\+)"), re.compile(r"[/\\]")
# The end of a path, as shops name the pages of products; an account's are folders.
_PAGE = re.compile(r"[^;&]*\.html?(?:[;&]|\Z)", re.IGNORECASE)
_SURELY_PERSONS = PERSONS_FOLDERS - GOODS_FOLDERS
_QUERY_BEGINS = re.compile("[?#]")
_DELIMITED = re.compile(r"[/\\?&;=#]")
# What nearly all ids are; each event has its own.
_ID = re.compile(r"(?:[0-9]{1,19}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z", re.IGNORECASE)
# Most parts: they hide nothing and are no token.
_PLAIN = re.compile(r"(?:[0-9]{0,10}[a-z]*(?:[-_.,+ ]|\Z))*\Z")
_LEAST_CARD, _BEYOND_CARDS = 10 ** (SHORTEST_CARD_IN_URLS - 1), 10**19
_END_OF_WORD = re.compile(r"([\s/?&;=#]+)")
_OF_NUMBER = re.compile(r"[\d().+,\-\u2010-\u2015]*")
_LABELS, _LABELLED = ("option_label", "key", "name", "field", "label"), ("value_label", "value")


def scrubbed_url(url: str) -> str:
    """A web address without user and with masked folders and values; of another scheme, its authority alone.

    Personal are the values of parameters by their name, the folders behind those of a person (`/customer/`, `/reset/`),
    and every part that holds an address or looks like a token.
    """
    url = _without_half(url)
    if "&" in url:
        url = _AT_ENTITY.sub("@", url)
    begins = _QUERY_BEGINS.search(url)
    if begins is None:
        return _location(url)
    at = begins.start()
    return _location(url[:at]) + _query(url[at:])


def scrubbed_text(text: str) -> str:
    """Free text with masked words: searches, campaigns, choices. A text that is JSON is read as such.

    MASK where that is nested deeper than can be read (some 300 levels) or written (254), or was cut (LONGEST_TEXT).
    """
    return _json_or(_text, text)


def scrubbed_user_agent(text: str) -> str:
    """A User-Agent header: text of products and their versions (RFC 9110, section 10.1.5), which are no folders."""
    return _json_or(_user_agent, text)


def _json_or(scrub: Callable[[str], str], text: str) -> str:
    if text[:1] in "{[" and (value := _json_of(text)) is not None:
        try:
            return orjson.dumps(scrubbed_json(value)).decode()
        except (orjson.JSONEncodeError, RecursionError):
            return MASK
    return MASK if text[:1] in "{[" and len(text) >= LONGEST_TEXT else scrub(_without_half(text))


def scrubbed_start(text: str, longest: int) -> str:
    """The first `longest` characters of a text once it is scrubbed: half a number or address is told by nothing."""
    return scrubbed_text(text[:LONGEST_TEXT])[:longest]


@lru_cache(maxsize=65_536)
def scrubbed_id(text: str) -> str:
    """An id as it is, for it may look like a token; MASK where it holds an address, or is a URL that holds more."""
    if _ID.match(text):
        return text
    return MASK if _holds_address(text) or (_DELIMITED.search(text) and scrubbed_url(text) != text) else text


@lru_cache(maxsize=65_536)
def scrubbed_option(label: str, value: str) -> tuple[str, str]:
    """A choice of a product: what was engraved is the buyer's, which the label tells."""
    return scrubbed_text(label), MASK if value and _is_of_buyer(label) else scrubbed_text(value)


def _is_of_buyer(label: str) -> bool:
    """Also as it will be read when it is scrubbed again: `name: 54` is *name* then."""
    return is_personal_option(label) or is_personal_option(scrubbed_text(label))


def scrubbed_json(value: Any) -> Any:
    """A value of JSON whose personal fields are masked, at any depth, and whose texts are scrubbed.

    An object keeps as many fields as it had, in their order: masked names are numbered from the second on.
    """
    if isinstance(value, str):
        return scrubbed_text(value)
    if isinstance(value, dict):
        return _object(value)
    if type(value) in (int, float):
        return MASK if _LEAST_CARD <= value < _BEYOND_CARDS and is_card(str(int(value))) else value
    return [scrubbed_json(item) for item in value] if isinstance(value, list) else value


def _object(value: dict[Any, Any]) -> dict[Any, Any]:
    labels = [value.get(name) for name in _LABELS]
    is_of_person = any(isinstance(label, str) and _is_of_buyer(label) for label in labels)
    shown: dict[Any, Any] = {}
    numbered: dict[str, Iterator[str]] = {}
    for name, item in value.items():
        known = scrubbed_id(name) if isinstance(name, str) else name
        if known != name:
            # Counted on, not from the first again: an object may have as many names as an event has room for.
            names = numbered.setdefault(known, _numbered(known))
            known = next(each for each in names if each not in value and each not in shown)
        shown[known] = MASK if item and is_of_person and name in _LABELLED else _field(name, item)
    return shown


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}{number}" for number in count(2))


def _field(name: Any, item: Any) -> Any:
    if not isinstance(name, str):
        return scrubbed_json(item)
    if isinstance(item, str) and canonical(name) == "useragent":
        return scrubbed_user_agent(item)
    if is_identity(name) and not is_personal_field(name):
        return scrubbed_id(item) if isinstance(item, str) else item if type(item) is int else scrubbed_json(item)
    return MASK if item and is_personal_field(name) else scrubbed_json(item)


def _without_half(text: str) -> str:
    """The text; MASK in place of its last word, and of the digits before that, where it was cut (LONGEST_TEXT)."""
    if len(text) < LONGEST_TEXT:
        return text
    words = _END_OF_WORD.split(text)
    last = len(words) - 1
    while last > 1 and _OF_NUMBER.fullmatch(words[last - 2]):
        last -= 2
    return "".join(words[:last]) + MASK


@lru_cache(maxsize=65_536)
def _text(text: str) -> str:
    return text if _is_plain(text) else _by_words(_word, text)


@lru_cache(maxsize=16_384)
def _user_agent(text: str) -> str:
    return _by_words(_product, text)


def _by_words(scrub: Callable[[str], str], text: str) -> str:
    shown = masked_numbers(masked_phrases(text, MASK), MASK)
    words = _AT.sub("@", shown).split(" ")
    found = [scrub(word) for word in words]
    # Again, for what ended a phrase, or stood before its name, may be masked by now.
    shown = masked_phrases(" ".join(found) if found != words else shown, MASK)
    return MASK if _tells_of_person(shown, is_masked=True) else shown


def _word(word: str) -> str:
    if _DELIMITED.search(word):
        return scrubbed_url(word)
    return MASK if _is_personal_part(word) else word


def _product(word: str) -> str:
    """Of `Profile/MIDP-2.0` each side by itself; what is an address is read as one."""
    if not _PRODUCTS.fullmatch(word):
        return _word(word)
    parts = _PATH_MARK.split(word)
    parts[::2] = map(_parameter, parts[::2])
    return "".join(parts)


@lru_cache(maxsize=32_768)
def _location(url: str) -> str:
    """What stands before the query: scheme, authority and path."""
    found = _SCHEME.match(url)
    scheme, rest = (found[1].lower(), url[found.end() :]) if found else ("", url)
    if rest[:2] not in _TWO_SLASHES:
        # The path of a file is of somebody's own machine.
        return f"{scheme}:{MASK}" if scheme == "file" and rest else _path(url)
    slash = _SLASH.search(rest, 2)
    end = slash.start() if slash else len(rest)
    host, path = rest[2:end].rpartition("@")[2], rest[end:]
    if path[:1] == "\\" and _holds_address(host + (escaped := path.partition("/")[0])):
        host, path = MASK, path[len(escaped) :]
    elif _is_personal_part(host):
        host = MASK
    lead = url[: len(url) - len(rest) + 2] + host
    if scheme in WEB:
        return lead + _path(path)
    return lead + (f"{path[0]}{MASK}" if path[1:] else path)


def _path(path: str) -> str:
    """Without what stands behind a person's folder; before a page of a product, GOODS_FOLDERS are none."""
    if _PAGE.match(path):
        shown = _folders(path, _SURELY_PERSONS)
        # Else it would be read otherwise when it is scrubbed again.
        if _PAGE.match(shown):
            return shown
    return _folders(path, PERSONS_FOLDERS)


def _folders(path: str, persons: frozenset[str]) -> str:
    """Each folder by itself, and by those before it; behind an ampersand a parameter, as links without `?` have."""
    parts = _PATH_MARK.split(path)
    if "\\" in path:
        pieces = (_BACKSLASH.split(part) if "\\" in part and not _holds_address(part) else [part] for part in parts)
        parts = [folder for piece in pieces for folder in piece]
    is_persons = is_named = False
    for place in range(0, len(parts), 2):
        part = parts[place]
        if not part or (part == "amp" and parts[place - 1] == "&"):
            continue
        if "=" in part and ("&" in parts[place - 1] or parts[place - 2 : place] == ["amp", ";"]):
            parts[place] = _parameter(part)
            continue
        spelled = _spelled(part)
        shown = MASK if is_named or (is_persons and spelled not in PAGES) else _parameter(part)
        read = {spelled}
        if shown != part:  # as it will be read when it is scrubbed again
            read.add(_spelled(shown))
            shown = MASK if is_persons and not read <= PAGES else shown
        parts[place] = shown
        is_named, is_persons = not read.isdisjoint(NAMES_IN_PATHS), is_persons or not read.isdisjoint(persons)
    return "".join(parts)


def _spelled(folder: str) -> str:
    return canonical(_plain(folder) if "%" in folder else folder)


def _masked(part: str) -> str:
    """A mask for the value of a parameter or of a scheme (`mailto:`), else for the whole."""
    name, equals, _ = part.rstrip("=").partition("=")
    if name and equals and not _is_personal_part(name):
        return f"{name}={MASK}"
    scheme = _SCHEME.match(part)
    return f"{scheme[1]}:{MASK}" if scheme and not _is_personal_part(scheme[1]) else MASK


def _query(query: str) -> str:
    """From `?` or `#` on: each parameter by itself; what follows a masked one without a name belongs to it."""
    parts = _QUERY_MARK.split(query)
    was_masked = False
    for place in range(0, len(parts), 2):
        part = parts[place]
        if not part or (part == "amp" and not was_masked):
            continue
        found = MASK if was_masked and "=" not in part and part != "amp" else _parameter(part)
        was_masked = found.endswith(MASK) or (was_masked and part == "amp")
        parts[place] = found
    return "".join(parts)


@lru_cache(maxsize=65_536)
def _parameter(part: str) -> str:
    name, equals, value = part.partition("=")
    if equals and (value.strip() and is_personal_field(_plain(name.replace("+", " ")))):
        return f"{MASK if _is_personal_part(name) else name}={MASK}"
    is_personal_one = _is_personal_part(part) or ("+" in part and _is_personal_part(part.replace("+", " ")))
    return _masked(part) if is_personal_one or _is_personal_place(value or part) else part


def _is_personal_place(value: str) -> bool:
    """Whether it is an address, or a path, of which something would be masked: `to=/reset/5f2c`, `#/customer/4711`."""
    return _SLASH.search(value) is not None and _location(value) != value


def _plain(name: str) -> str:
    try:
        return min((text for text, from_bytes in readings(name) if not from_bytes), key=len)
    except TooManyEncodingsError:
        return "token"


@lru_cache(maxsize=65_536)
def _is_personal_part(part: str) -> bool:
    """Whether a folder, parameter or word holds an address, number or token, or hides text that is personal."""
    if part == MASK or _is_plain(part):
        return False
    if _holds_token(part) or _tells_of_person(part):
        return True
    said = list(readings(part))
    hidden = [(text, from_bytes) for text, from_bytes in said if text != part]
    return (
        any(not from_bytes and _holds_token(text) for text, from_bytes in hidden)
        or any(scrubbed_url(text) != text for text, _ in hidden if _DELIMITED.search(text))
        or any(_is_personal_json(text) for text, _ in said)
    )


def _holds_token(part: str) -> bool:
    """Whether one of its sides by equals signs is a token: a name, a value, what is before the padding of Base64."""
    return any(map(is_token, part.split("=")))


def _tells_of_person(text: str, is_masked: bool = False) -> bool:
    """Whether it says an address, the number of a card or a telephone, or what stands behind a personal name.

    Where it `is_masked`, numbers and names are looked for in what its encodings hide alone.
    """
    try:
        for found, from_bytes in readings(text):
            if _is_address(found, from_bytes):
                return True
            if not (is_masked and found == text) and _holds_number_or_name(found):
                return True
    except TooManyEncodingsError:
        return True
    return False


def _holds_number_or_name(text: str) -> bool:
    return holds_number(text, SHORTEST_CARD_IN_URLS) or masked_phrases(text, MASK) != text


def _is_plain(text: str) -> bool:
    """Whether it is of words of small letters and short numbers, which hide nothing, and no number is a person's."""
    return _PLAIN.match(text) is not None and not holds_number(text)


def _is_personal_json(text: str) -> bool:
    """Whether it is JSON, or a parameter with such a value, that has a personal field."""
    value = text[text.find("=") + 1 :] if "=" in text and text[:1] not in "{[" else text
    if value[:1] not in ("{", "["):
        return False
    found = _json_of(value)
    try:
        return found is not None and scrubbed_json(found) != found
    except RecursionError:
        return True


@lru_cache(maxsize=65_536)
def _holds_address(text: str) -> bool:
    if _PLAIN.match(text):
        return False
    try:
        return any(_is_address(found, from_bytes) for found, from_bytes in readings(text))
    except TooManyEncodingsError:
        return True


def _is_address(text: str, from_bytes: bool) -> bool:
    """Anything on the right of an at sign: an address, or how people are called on other sites (`/@anna`)."""
    if _AT_BEGINS.search(text) is None or "@" not in (text := _AT.sub("@", text)):
        return False
    if from_bytes:
        return _ADDRESS.search(text) is not None
    return any(each.strip() and not each.startswith(MASK) for each in text.split("@")[1:])


def _json_of(text: str) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict | list) else None
