"""The campaign that the address of a landing page names: its UTM parameters, and the kind of click id.

UTM parameters as Google Analytics defines them (`utm_source`, `utm_medium`, `utm_campaign`, `utm_term`, `utm_content`);
click ids by config/reference/click_ids.csv. The value of a click id is never read: it tells one person's click.
"""

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote_plus

import orjson

from config.reference import reference_rows
from spark.event_text import campaign

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_BEGINS = re.compile("[?#]")
# Also a second question mark, `;` and `amp;`: pages are linked to with all of them.
_MARKS = re.compile("[?&;#]+")


@dataclass(frozen=True, slots=True)
class Campaign:
    """A row of dim_campaign; `click_id_kind` is the parameter's name, such as `gclid`."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None
    click_id_kind: str | None = None

    @property
    def columns(self) -> tuple[str | None, ...]:
        """The six, in the order of the fields."""
        return (self.source, self.medium, self.campaign, self.term, self.content, self.click_id_kind)

    def as_json(self) -> str:
        """An array of the six, in this order: the same text for the same campaign."""
        return orjson.dumps(self.columns).decode()


def may_name_campaign() -> str:
    """A regular expression, to be matched in any case, for addresses that a campaign can be in."""
    return f"[?&;#]({'|'.join([*UTM, *click_ids()])})="


def read_campaign(url: str | None, source: str | None = None, medium: str | None = None) -> Campaign | None:
    """The campaign that a landing page's address names; `source` and `medium` are what the event says by itself.

    The address counts before the event, a name before its repetition. A click id says source and medium where nothing
    else does. None where no campaign is named.
    """
    said = _parameters(url or "")
    named, told, *others = (said.get(name) for name in UTM)
    if not (named or told):
        named, told = source or None, medium or None
    kind = next((name for name in click_ids() if name in said), None)
    if kind is not None and not (named or told):
        named, told = click_ids()[kind]
    name, term, content = others
    found = Campaign(named, told, name, term, content, kind)
    return found if any(found.columns) else None


def campaign_json(url: str | None, source: str | None, medium: str | None) -> str | None:
    """`read_campaign` as JSON."""
    found = read_campaign(url, source, medium)
    return found.as_json() if found is not None else None


@cache
def click_ids() -> dict[str, tuple[str, str | None]]:
    """By parameter, in the order of precedence: the source and medium that it tells."""
    rows = reference_rows("click_ids.csv")
    return {row["parameter"]: (row["source"], row["medium"] or None) for row in rows}


def _parameters(url: str) -> dict[str, str]:
    """The first value that is not empty of each parameter that tells of a campaign; of a click id, that it is there."""
    begins = _BEGINS.search(url)
    if begins is None:
        return {}
    said: dict[str, str] = {}
    for part in _MARKS.split(url[begins.start() :]):
        name, _, value = part.partition("=")
        name = unquote_plus(name).strip().lower()
        if name in said or not value.strip():
            continue
        if name in click_ids():
            said[name] = name
        elif name in UTM and (text := campaign(unquote_plus(value))):
            said[name] = text
    return said
