"""Tokens, told from words that people write and from numbers of models, which are of letters and digits as well.

Random text changes between small letters, capitals and digits. A model's number does so as often (`ct2k16g4dfra32a`),
but has fewer than 20 characters, letters of one case, and plain words beside it.
"""

import re

import idna

SHORTEST_TOKEN, _LONGEST_WORD = 20, 4_096
_UUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_HEX_TOKEN = re.compile(r"[0-9a-f]{24,}", re.IGNORECASE)
_WEB_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+")
_WORD = re.compile(r"[A-Za-z0-9]+")
_CHANGE = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
# A capital behind a small letter: `iPad`, but not `Ring`, `Gen9` or `RTX3070Ti`.
_MIXED = re.compile(r"[a-z][a-z0-9]*[A-Z]")
_MOST_CHANGES = 3
# Licences and gift cards: `GIFT-K411-2J9R-PF3K-Y1IL`, whatever stands before and behind.
_SHORTEST_KEY, _FEWEST_MIXED, _FEWEST_WORDS = 16, 2, 2
_NO_VOWEL = re.compile("[b-df-hj-np-tv-z]{4}", re.IGNORECASE)
# Of three letters or more, that begins as words do: with few consonants, which go together, before its first vowel.
_PLAIN_WORD = re.compile(
    "(?<![a-z0-9])(?=[a-z]{3,}(?![a-z0-9]))(?:sch|s[ckmnpt]|qu|kn|[bcdfgkpstvwz][hlrw]|[b-df-hj-np-tv-z])?[aeiouy]",
    re.IGNORECASE,
)
_TIMES = re.compile("(?<=[0-9])x(?=[0-9])", re.IGNORECASE)
_KEY = re.compile(
    "|".join(
        rf"(?<![A-Za-z0-9])[{letters}0-9]{{{length}}}(?:-[{letters}0-9]{{{length}}}){{2,}}(?![A-Za-z0-9])"
        for letters in ("A-Z", "a-z")
        for length in range(4, 9)
    )
)
_INTERNATIONAL = re.compile(r"(?<![\w\-])xn--[a-z0-9\-]+", re.IGNORECASE)


def is_token(part: str) -> bool:
    """Whether a folder, value or word is none that people write: a UUID, a hash, a JSON Web Token, random text.

    Random are letters and digits that change more than four times in a word of SHORTEST_TOKEN characters or more; or in
    all words together, where none is of letters or of digits alone, as a page's name has them, and else in those whose
    small letters and capitals are mixed. So are keys: three or more groups of one length, cut by hyphens.
    """
    if "-" in part and len(part) <= _LONGEST_WORD and any(_is_key(found[0], part) for found in _KEY.finditer(part)):
        return True
    if not SHORTEST_TOKEN <= len(part) <= _LONGEST_WORD:
        return len(part) > _LONGEST_WORD
    if _UUID.search(part) or _HEX_TOKEN.search(part) or _WEB_TOKEN.search(part):
        return True
    words = _WORD.findall(_INTERNATIONAL.sub(_letters, part))
    if any(len(word) >= SHORTEST_TOKEN and _changes(word) > _MOST_CHANGES for word in words):
        return True
    has_plain_word = any(word.isalpha() or word.isdecimal() for word in words)
    return sum(_changes(word) for word in words if not has_plain_word or _MIXED.search(word)) > _MOST_CHANGES


def _is_key(groups: str, part: str) -> bool:
    """Whether more speaks for chance than for words: shops write sizes and models in groups of one length as well.

    For chance are changes inside of a group, `2J9R`, but not one alone, `16gb` and `ddr4`, and four letters without a
    vowel, `NPHTM`. Groups that change in the same places, as models of one series do, count once, and alone not at all.
    For words are those of the part in the key's own case; one alone is none, for it may say what the key opens.
    """
    words = groups.split("-")
    mixed = [_TIMES.sub("0", word) for word in words if not (word.isalpha() or word.isdecimal())]
    places = {"".join("0" if character.isdecimal() else "a" for character in word) for word in mixed}
    if sum(map(len, words)) < _SHORTEST_KEY or len(places) == 1 or len(mixed) < _FEWEST_MIXED:
        return False
    chance = sum(map(_changes, places)) + sum(_NO_VOWEL.search(word) is not None for word in words)
    if not chance:
        return False
    beside: list[str] = _PLAIN_WORD.findall(part)
    plain = sum(word[0].isupper() == groups.isupper() for word in beside)
    return plain < _FEWEST_WORDS or chance > plain


def _changes(word: str) -> int:
    """How often the word changes, but for once: `0-5crt`, `R52`."""
    return max(len(_CHANGE.findall(word)) - 1, 0)


def _letters(label: re.Match[str]) -> str:
    """What a label of an internationalized host says (RFC 5891); itself where it is none."""
    try:
        return idna.decode(label[0])
    except UnicodeError:
        return label[0]
