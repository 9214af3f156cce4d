"""What a visitor chose: options of a product, in one spelling whatever was sent."""

from collections.abc import Iterator
from typing import Any

import orjson

from kafka.event_text import as_json, as_text
from kafka.scrubbing.scrub import scrubbed_option

LONGEST_CHOICE = 200
MOST_CHOICES = 50


def chosen_options(option: object, url: object = None) -> str | None:
    """The options as JSON, `[["alloy", "white-585"], ...]`, scrubbed, sorted and distinct; None where none is chosen.

    Labels and values are cut at LONGEST_CHOICE once they are scrubbed.
    A value is the choice's name, else what the page's address says for the label, else the value's id. `option` is a
    list of `{option_label, value_label, value_id, ...}`; the object of a listing page is a filter and no choice.
    """
    if not option or not isinstance(option, list):
        return None
    parameters: dict[str, str] | None = None
    found = set()
    for entry in option[:MOST_CHOICES]:
        if not isinstance(entry, dict) or not (label := _stripped(entry.get("option_label"))):
            continue
        value = _stripped(entry.get("value_label"))
        if not value:
            parameters = _query(url) if parameters is None else parameters
            value = parameters.get(label) or _stripped(entry.get("value_id"))
        if value:
            shown_label, shown = scrubbed_option(label, value)
            found.add((shown_label[:LONGEST_CHOICE], shown[:LONGEST_CHOICE]))
    return _json(sorted(found)) if found else None


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return as_json(value)


def _stripped(value: object) -> str:
    return (as_text(value) or "").strip()


def _query(url: object) -> dict[str, str]:
    """The first value of each parameter, however often the address has a `?` or writes `&amp;` for `&`."""
    if not isinstance(url, str) or "?" not in url:
        return {}
    found: dict[str, str] = {}
    for name, value in _parameters(url.partition("?")[2].partition("#")[0]):
        if name and value:
            found.setdefault(name, value)
    return found


def _parameters(query: str) -> Iterator[tuple[str, str]]:
    for part in query.replace("?", "&").split("&"):
        name, _, value = part.removeprefix("amp;").partition("=")
        yield name.strip(), _stripped(value)
