"""Addresses of e-mail, tokens and what is said to be personal, each replaced by MASK: in URLs, text, ids and JSON.

One rule for warehouse and search. What is masked is a whole folder of a path, value of a parameter or word of a text,
so that no half of it stays. Whether a text holds an address is asked of all that it says once encodings are undone.
A name of a person that stands in free text alone, without one of `names`, is told by nothing and stays.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from typing import Any

import idna
import orjson

from kafka.event_text import LONGEST_TEXT
from kafka.scrubbing.encodings import TooManyEncodingsError, readings
from kafka.scrubbing.names import NAMES_IN_PATHS, PAGES, PERSONS_FOLDERS, canonical, is_identity, is_personal

MASK = "***"
WEB = ("http", "https", "")
_AT = re.compile(r"\s?(?:@|\uff20|[(\[{<]\s?at\s?[)\]}>])\s?", re.IGNORECASE)
# As an entity it holds marks that delimit parameters, and is undone before they are told apart.
_AT_ENTITY = re.compile(r"&(?:amp;)*(?:(?:#|%(?:25)*23)(?:0*64|[xX]0*40);?|commat;)")
# Of bytes that may be anything, only what looks like a whole address counts: from its at sign on.
_ADDRESS = re.compile(r"(?<=[^\s@<>(),;:\"])@[^\s@<>(),;:\"]+\.[^\W\d_]{2,}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_PATH_MARK, _QUERY_MARK = re.compile(r"([/;]+)"), re.compile(r"([?&;#]+)")
_QUERY_BEGINS = re.compile("[?#]")
_DELIMITED = re.compile(r"[/?&;=#]")
_UUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
# What nearly all ids are; each event has its own.
_ID = re.compile(r"(?:[0-9]{1,19}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z", re.IGNORECASE)
_HEX_TOKEN = re.compile(r"[0-9a-f]{24,}", re.IGNORECASE)
_WEB_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+")
_SHORTEST_TOKEN, _LONGEST_WORD = 20, 4_096
_PART = re.compile(r"[A-Za-z0-9]+")
_CHANGE = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_MOST_CHANGES = 3
_INTERNATIONAL = re.compile(r"(?<![\w\-])xn--[a-z0-9\-]+", re.IGNORECASE)
# Most parts: words of small letters and short numbers, which hide nothing and are no token.
_PLAIN = re.compile(r"(?:[0-9]{0,10}[a-z]*(?:[-_.,+ ]|\Z))*\Z")
_NAME_BACKWARDS = re.compile(r"[:=]([\w.\-]+)")
_LABELS, _LABELLED = ("option_label", "key", "name", "field", "label"), ("value_label", "value")


def scrubbed_url(url: str) -> str:
    """A web address without user and with masked folders and values; of another scheme, its authority alone.

    Personal are the values of parameters by their name, the folders behind those of a person (`/customer/`, `/reset/`),
    and every part that holds an address or looks like a token.
    """
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
    if text[:1] in "{[" and (value := _json_of(text)) is not None:
        try:
            return orjson.dumps(scrubbed_json(value)).decode()
        except (orjson.JSONEncodeError, RecursionError):
            return MASK
    return MASK if text[:1] in "{[" and len(text) >= LONGEST_TEXT else _text(text)


@lru_cache(maxsize=65_536)
def scrubbed_id(text: str) -> str:
    """An id as it is, for it may look like a token; MASK where it holds an address, or is a URL that holds more."""
    if _ID.match(text):
        return text
    return MASK if _holds_address(text) or (_DELIMITED.search(text) and scrubbed_url(text) != text) else text


@lru_cache(maxsize=65_536)
def scrubbed_option(label: str, value: str) -> tuple[str, str]:
    """A choice of a product: what was engraved is the buyer's, which the label tells."""
    return scrubbed_text(label), MASK if value and is_personal(label) else scrubbed_text(value)


def scrubbed_json(value: Any) -> Any:
    """A value of JSON whose personal fields are masked, at any depth, and whose texts are scrubbed.

    An object keeps as many fields as it had, in their order: masked names are numbered from the second on.
    """
    if isinstance(value, str):
        return scrubbed_text(value)
    if isinstance(value, dict):
        return _object(value)
    return [scrubbed_json(item) for item in value] if isinstance(value, list) else value


def _object(value: dict[Any, Any]) -> dict[Any, Any]:
    labels = [value.get(name) for name in _LABELS]
    is_of_person = any(isinstance(label, str) and is_personal(label) for label in labels)
    shown: dict[Any, Any] = {}
    for name, item in value.items():
        known = scrubbed_id(name) if isinstance(name, str) else name
        if known != name:
            known = next(each for each in _numbered(known) if each not in value and each not in shown)
        shown[known] = MASK if item and is_of_person and name in _LABELLED else _field(name, item)
    return shown


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}{number}" for number in count(2))


def _field(name: Any, item: Any) -> Any:
    if not isinstance(name, str):
        return scrubbed_json(item)
    if is_identity(name) and not is_personal(name):
        return scrubbed_id(item) if isinstance(item, str) else scrubbed_json(item)
    return MASK if item and is_personal(name) else scrubbed_json(item)


@lru_cache(maxsize=65_536)
def _text(text: str) -> str:
    if _PLAIN.match(text):
        return text
    words = _AT.sub("@", text).split(" ")
    found = [_word(word, before) for before, word in zip(["", *words], words, strict=False)]
    joined = " ".join(found)
    return MASK if _holds_address(joined) else (joined if found != words else text)


def _word(word: str, before: str) -> str:
    named = _NAME_BACKWARDS.match(before[::-1])  # from its end: a search would begin at each of its letters
    if named is not None and is_personal(named[1][::-1]):
        return MASK
    if _DELIMITED.search(word):
        return scrubbed_url(word)
    name, mark, value = word.partition(":")
    if mark and value and is_personal(name):
        return f"{name}:{MASK}"
    return MASK if _is_personal_part(word) else word


@lru_cache(maxsize=32_768)
def _location(url: str) -> str:
    """What stands before the query: scheme, authority and path."""
    found = _SCHEME.match(url)
    scheme, rest = (found[1], url[found.end() :]) if found else ("", url)
    if not rest.startswith("//"):
        return _path(url)
    authority, slash, path = rest[2:].partition("/")
    host = authority.rpartition("@")[2]
    if _is_personal_part(host):
        host = MASK
    lead = f"{scheme}://{host}" if found else f"//{host}"
    if scheme.lower() in WEB:
        return lead + _path(slash + path)
    # The path of a file is of somebody's own machine.
    return lead + (f"/{MASK}" if path else slash)


def _path(path: str) -> str:
    """Each folder by itself, and by those before it."""
    parts = _PATH_MARK.split(path)
    is_persons, name = False, ""
    for place in range(0, len(parts), 2):
        part = parts[place]
        if not part:
            continue
        spelled = canonical(part)
        if name in NAMES_IN_PATHS or (is_persons and spelled not in PAGES):
            parts[place] = MASK
        else:
            parts[place] = _parameter(part)
        is_persons, name = is_persons or spelled in PERSONS_FOLDERS, spelled
    return "".join(parts)


def _masked(part: str) -> str:
    """A mask for the value of a parameter or of a scheme (`mailto:`), else for the whole."""
    name, equals, _ = part.rstrip("=").partition("=")
    if equals and not _is_personal_part(name):
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
    if equals and (value.strip() and is_personal(_plain(name))):
        return f"{MASK if _is_personal_part(name) else name}={MASK}"
    return _masked(part) if _is_personal_part(part) else part


def _plain(name: str) -> str:
    try:
        return min((text for text, from_bytes in readings(name) if not from_bytes), key=len)
    except TooManyEncodingsError:
        return "token"


@lru_cache(maxsize=65_536)
def _is_personal_part(part: str) -> bool:
    """Whether a folder, parameter or word holds an address or a token, or hides text that names what is personal."""
    if part == MASK or _PLAIN.match(part):
        return False
    if _holds_address(part) or _is_token(part.rstrip("=").rpartition("=")[2]):
        return True
    try:
        said = [text for text, _ in readings(part)]
    except TooManyEncodingsError:
        return True
    hidden = (text for text in said if text != part and _DELIMITED.search(text))
    return any(scrubbed_url(text) != text for text in hidden) or any(map(_is_personal_json, said))


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
        return any(_is_address(_AT.sub("@", found), from_bytes) for found, from_bytes in readings(text))
    except TooManyEncodingsError:
        return True


def _is_address(text: str, from_bytes: bool) -> bool:
    """Anything on the right of an at sign: an address, or how people are called on other sites (`/@anna`)."""
    if "@" not in text:
        return False
    if from_bytes:
        return _ADDRESS.search(text) is not None
    return any(each.strip() and not each.startswith(MASK) for each in text.split("@")[1:])


def _is_token(part: str) -> bool:
    """Whether it is no word that people write: a UUID, a hash, a JSON Web Token, random letters and digits.

    Random text changes between small letters, capitals and digits within its words; `0-5crt`, `R52` and
    `whiteGoldRing` change less.
    """
    if not _SHORTEST_TOKEN <= len(part) <= _LONGEST_WORD:
        return len(part) > _LONGEST_WORD
    if _UUID.search(part) or _HEX_TOKEN.search(part) or _WEB_TOKEN.search(part):
        return True
    spelled = _INTERNATIONAL.sub(_letters, part)
    changes = (max(len(_CHANGE.findall(word)) - 1, 0) for word in _PART.findall(spelled))
    return sum(changes) > _MOST_CHANGES


def _letters(label: re.Match[str]) -> str:
    """What a label of an internationalized host says (RFC 5891); itself where it is none."""
    try:
        return idna.decode(label[0])
    except UnicodeError:
        return label[0]


def _json_of(text: str) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict | list) else None
