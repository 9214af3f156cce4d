"""What a person's events say of the person: the texts that the scrubber masks, which are then looked for everywhere."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kafka.scrubbing.scrub import MASK, scrubbed_json, scrubbed_text
from kafka.scrubbing.tokens import is_token
from utilities.erasure.wanted import folded

SHORTEST_VALUE = 6
"""Characters: shorter texts are parts of others' ids, names and numbers."""
SHARED = ("ip",)
"""Personal fields whose values others have, too: the feed masks addresses to networks."""
_DELIMITERS = re.compile(r"[\s/?&;=#]+")


def personal_values(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The texts that the events of one person hide from analysts: who it is first, tokens last, the longest first."""
    found: set[str] = set()
    for event in events:
        own = {name: value for name, value in event.items() if name not in SHARED}
        found.update(_masked(own, scrubbed_json(own)))
    return sorted((value for value in found if len(folded(value)) >= SHORTEST_VALUE), key=_by_what_it_tells)


def _by_what_it_tells(value: str) -> tuple[int, int, str]:
    """Addresses and numbers, then what a name beside it tells, then tokens: each click on an advertisement has one."""
    place = 2 if is_token(value) else 0 if tells_of_a_person(value) else 1
    return place, -len(value), value


def tells_of_a_person(text: str) -> bool:
    """Whether it does so without a name beside it: an address, a card, a telephone, a token."""
    return any(scrubbed_text(each) != each for each in (text, f"tel {text}"))


def _masked(sent: Any, shown: Any) -> Iterator[str]:
    """The texts of a value that are not in what the scrubber has made of it."""
    if isinstance(sent, Mapping):
        fields = shown if isinstance(shown, Mapping) else dict.fromkeys(sent, shown)
        for (name, item), (known, left) in zip(sent.items(), fields.items(), strict=True):
            if name != known:
                yield name.strip()
            yield from _masked(item, left)
    elif isinstance(sent, list):
        kept = shown if isinstance(shown, list) else [shown] * len(sent)
        for item, left in zip(sent, kept, strict=True):
            yield from _masked(item, left)
    elif shown == MASK and sent is not None:
        yield str(sent).strip()
    elif isinstance(sent, str) and sent != shown:
        yield from _between(sent, str(shown).split(MASK)) or _words(sent) - _words(str(shown))


def _words(text: str) -> set[str]:
    return set(_DELIMITERS.split(text))


def _between(sent: str, kept: list[str]) -> list[str]:
    """What stood in place of the masks, each as a whole, for its words may be others' too; [] where that is unclear."""
    if len(kept) < 2 or not (sent.startswith(kept[0]) and sent.endswith(kept[-1])):
        return []
    found, end = [], len(kept[0])
    for piece in kept[1:-1]:
        place = sent.find(piece, end)
        if place < 0:
            return []
        found.append(sent[end:place].strip())
        end = place + len(piece)
    return [*found, sent[end : len(sent) - len(kept[-1])].strip()]
