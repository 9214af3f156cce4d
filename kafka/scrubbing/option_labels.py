"""Labels under which buyers write: a name, a text, an engraving. What these are like, such as a font, is the shop's.

In the languages of the stores of shops. What no list knows hides too much, not too little.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from kafka.scrubbing.option_words import (
    BUYERS_OWN,
    CHAINS,
    COUNTED,
    COUNTED_IN_FRENCH,
    JOINING,
    LAST_ALONE,
    LAST_WORDS,
    LIKE_ENGRAVINGS,
    NAMED,
    NAMES,
    NO_TAILS,
    NOBODYS,
    OF_ENGRAVINGS,
    OF_OR_ON,
    PERSONS,
    PLACING,
    QUALITIES,
    TEXTS,
    WORN,
)
from kafka.scrubbing.spelling import apart, plain, spaced

Is = Callable[[str], bool]
_PARTS = re.compile(r"[/&+,;|()\[\]]")
# *Gravur (ja/nein)* is one part, and so is *Text (max. 20 characters)* without its limit.
_YES_OR_NO = re.compile(r"\((?=(?:yes|ja|oui|si|sim|tak|igen|da|ano|kylla|да)\b)")
_LIMIT = re.compile(
    r"\d+ ?-?(?:characters?|letters?|zeichen|buchstaben|caracteres|lettres|letras|caratteri|lettere|tekens?|tecken"
    r"|bokstaver|tegn|bogstaver|znakow|znaku|liter|karakter|betu|litere|символа|букви|merkkia|kirjainta)(?![^\W\d_])"
    r"|max\w*[. ]+(?:length|lange|longueur|longitud|lunghezza|lengte|langd|lengde|laengde|hossz|lungime)"
)
# Written at one of several places: *Engraving side 1*, *Name number 2*, *Line 2*.
_SIDES = "side|seite|face|cote|lado|cara|lato|zijde|kant|sida|strona|strana|oldal|страна"
_NUMBERED = re.compile(
    rf"(?<![^\W\d_])(?:{_SIDES}|number|numero|numer|numar|location|place|ort|platz|emplacement|ubicacion|plaats|plats"
    rf"|plassering|placering|hely|miejsce|umisteni) ?\d|\d+ ?(?:st|nd|rd|th|\.|e|er|re|eme|o|a)? (?:{_SIDES})"
)
_NUMBERED_LINE = re.compile(
    r"(?<![^\W\d_])(?:line|zeile|ligne|linea|riga|linha|regel|rad|linje|linia|linijka|radek|sor|rand|randul|rivi|ред)"
    r"[ _]?\d(?!\d)"
)
_FINNISH_AND = re.compile(r" ja (?!ne)(?=[^\W\d_])")
_ASKED = re.compile(
    r"(?<![^\W\d_])(?:type|input|enter|print|stamp|design|style|position|place) "
    r"(?=(?:in|here|your|the|a|up)(?![^\W\d_]))"
)
_ENGRAVED = re.compile(
    "engrav|gravur|gravier|gravyr|gravat|gravar|grave(?:er|r)|incis[aio]|incider|grabad|gravac|gravir|grawer|kaiverr"
    "|гравир|гравюр|rytin|χαραξ|ins[ck]ri(?:pti[oe]|pci|psj|cao|coes)|inschrift|personlich|persoenlich|personn?ali[sz]"
    "|персонализ"
)
_ENGRAVABLE = re.compile(r"\w*(?:able|abile|avel|bar|baar|hato)s?")
_ENDS_AS_WRITTEN = re.compile(
    "(.*)(?:name[ns]?|namn|navn|naam|(?<!con)(?<!kon)texte?|(?<!kon)tekst|botschaft|nachricht)"
)
_OTHER_WORDS = frozenset(("hyper", "sub", "pre", "inter", "re", "suri"))
_SHORTEST_STEM, _LONGEST_ENDING = 4, 3
_LONG_ENDINGS = ("ului", "elor", "ilor", "arnas", "ernas", "enes")
_SHORTEST_TAIL, _SHORTEST_PART = 5, 3
_WRITTEN = LAST_WORDS | NAMES | TEXTS | BUYERS_OWN
_THINGS = (NOBODYS - WORN) | NAMED
_JEWELS = (NOBODYS & WORN) - {"kind"}
_LINK = "(?:ings?|ungs?|s|en|e|ed|es)?"


def is_engraving(name: str) -> bool:
    """Whether it names what is engraved, and not its font or place: *Gravur innen*, but not *Schriftart Gravur*."""
    return _asks(apart(name), _is_engraved)


def is_written(label: str) -> bool:
    """Whether the buyer writes under it: *Name des Kindes*, *Text on ring*, but not *Text colour*."""
    return _asks(label, _is_written)


def is_written_field(name: str) -> bool:
    """Of a parameter or field, where *login* and *address* tell as the last word alone: `login_required`."""
    return _asks(name, _is_written_field)


def _asks(label: str, is_asked: Is) -> bool:
    is_numbered = is_asked is not _is_engraved and _NUMBERED_LINE.search(plain(label))
    if not is_numbered and not any(map(is_asked, spaced(label).split())):
        return False
    told = _FINNISH_AND.sub(" + ", _YES_OR_NO.sub(" ", plain(label).replace("_", " ")))
    # Written on as a text is: *Line 1*, but not *Font line 1*.
    told = _NUMBERED_LINE.sub(" text ", told)
    for beside in (_LIMIT, _NUMBERED, _ASKED):
        told = beside.sub(" ", told)
    return any(_part_asks(spaced(part).split(), is_asked) for part in _PARTS.split(told))


def _part_asks(words: list[str], is_asked: Is) -> bool:
    """Of things that are joined each by itself; what is before a *for* or an *on* may be what the rest is like."""
    is_like, is_what_engravings_are_like = False, _is_what_engravings_are_like(words)
    for is_joined, group in _groups(_counted(words)):
        is_like = is_like and not is_joined
        if not is_like and _group_asks(group, is_asked, is_what_engravings_are_like):
            return True
        is_like = is_like or any(map(_is_quality, group))
    return False


def _is_what_engravings_are_like(words: list[str]) -> bool:
    """*Seite der Gravur* and nothing else: *Gravur Ort und Datum* and *Engraving left side* are what is written."""
    others = [word for word in words if not (_is_engraved(word) or _is_quality(word) or word in OF_ENGRAVINGS)]
    is_method = any(map(_is_by_method, words))
    return all(map(_is_like_engraving, others)) and (is_method or bool(others))


def _is_by_method(word: str) -> bool:
    """*Lasergravur*, which is what an engraving is like where nothing stands beside it."""
    found = _ENGRAVED.search(word)
    return found is not None and word[: found.start()] in LIKE_ENGRAVINGS


def _groups(words: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """The words between those that join and those that place, and whether it is joined to the ones before."""
    is_joined, group = True, list[str]()
    for word in words:
        is_of = word in OF_OR_ON and group and group[-1] in NAMES
        if word in JOINING or (word in PLACING and not is_of):
            yield is_joined, group
            is_joined, group = word in JOINING or (is_joined and not group), []
        else:
            group.append(word)
    yield is_joined, group


def _counted(words: list[str]) -> list[str]:
    """With `number` for the French *nombre*, of things: *Nombre de griffes*, but *Nombre de la novia*."""
    for place, (word, of) in enumerate(pairwise(words)):
        if word == "nombre" and of in ("de", "d") and not COUNTED_IN_FRENCH.isdisjoint(words[place + 2 : place + 3]):
            return [*words[:place], "number", *words[place + 2 :]]
    return words


def _group_asks(group: list[str], is_asked: Is, is_what_engravings_are_like: bool) -> bool:
    if not any(map(is_asked, group)) or _is_about_chain(group):
        return False
    rest = _behind_what_engravings_are_like(group)
    if rest is not None and any(map(is_asked, rest)):
        group = rest
    if any(_is_engraved(word) for word in group if is_asked(word)):
        return not is_what_engravings_are_like and not any(map(_is_quality, group))
    if len(group) > 1 and group[-2] in PERSONS and is_asked(group[-1]):  # *Flower girl name*, *Police officer name*
        return True
    if any(map(_is_quality, group)):
        return False
    # As fields and parameters they have names of their own: `ring_name`.
    has_name = is_asked is _is_written_field and not _JEWELS.isdisjoint(group) and TEXTS.isdisjoint(group)
    return not has_name and not any(map(_is_thing, group))


def _is_about_chain(group: list[str]) -> bool:
    """*Monogram chain*, *Name necklace chain*: a part of what is worn."""
    return len(group) > 1 and group[-1] in CHAINS and group[-2] in WORN | COUNTED


def _behind_what_engravings_are_like(group: list[str]) -> list[str] | None:
    """What is behind *engraving font*: the text of *Engraving font text* is no font."""
    for place, pair in enumerate(pairwise(group)):
        for one, other in (pair, pair[::-1]):
            if _is_engraved(one) and (_is_quality(other) or _is_like_engraving(other)):
                return group[place + 2 :]
    return None


def _is_engraved(word: str) -> bool:
    found = _ENGRAVED.search(word)
    if found is None:
        return False
    before, behind = word[: found.start()], word[found.end() :]
    if _ENGRAVABLE.fullmatch(behind) or _is_quality(before):
        return False
    return not _LIKE_ENGRAVING_AT_END.fullmatch(behind)


def _is_written(word: str) -> bool:
    """Whether it is a text or a name of the buyer, also as the end of a word: `Wunschname`, but not `Farbname`."""
    if word in _WRITTEN or _is_engraved(word):
        return True
    ends = _ENDS_AS_WRITTEN.fullmatch(word)
    return ends is not None and ends[1] not in _OTHER_WORDS and not _is_quality(ends[1]) and not _is_thing(ends[1])


def _is_written_field(word: str) -> bool:
    is_of_jewel = word.removesuffix("name") in _JEWELS  # `ringName`
    return word not in LAST_ALONE and not is_of_jewel and _is_written(word)


def is_of_thing(word: str) -> bool:
    """Whether a name behind the word is a thing's: `stone_name`, *Stenens namn*."""
    return _is_thing(word) or _is_quality(word)


def _is_quality(word: str) -> bool:
    return _is_listed(word, QUALITIES) or (word not in _WRITTEN and _QUALITY_AT_END.fullmatch(word) is not None)


def _is_thing(word: str) -> bool:
    return _is_listed(word, _THINGS) or (word not in _WRITTEN and _THING_AT_END.fullmatch(word) is not None)


def _is_like_engraving(word: str) -> bool:
    return _is_listed(word, LIKE_ENGRAVINGS)


def _is_listed(word: str, listed: frozenset[str]) -> bool:
    """With an ending, as it is declined: `камъка`, `stenens`. With a letter more short words are others (*nom*)."""
    if word in listed:
        return True
    if word in _WRITTEN or len(word) <= _SHORTEST_STEM:
        return False
    if word.endswith(_LONG_ENDINGS) and (word[:-4] in listed or word[:-5] in listed):
        return True
    longest = min(_LONGEST_ENDING, (len(word) - _SHORTEST_STEM + 1) // 2)
    return any(word[:-ending] in listed for ending in range(1, longest + 1))


def _at_end(listed: frozenset[str], shortest: int) -> str:
    return "|".join(sorted(re.escape(word) for word in listed if len(word) >= shortest))


_QUALITY_AT_END = re.compile(rf"..+(?:{_at_end(QUALITIES - NO_TAILS, _SHORTEST_TAIL)})\w{{0,2}}")
_THING_AT_END = re.compile(rf"..+(?:{_at_end(NAMED, _SHORTEST_TAIL)})\w{{0,2}}")
_LIKE_ENGRAVING_AT_END = re.compile(rf"{_LINK}(?:{_at_end(QUALITIES | LIKE_ENGRAVINGS, _SHORTEST_PART)})\w{{0,2}}")
