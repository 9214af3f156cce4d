"""The kind of product that the words of an address name: a closed vocabulary, and a rule for compound words.

Three tables (config/reference, or the folder of a shop that sells something else): `categories.csv` is the closed list,
`category_words.csv` what each is called in the stores' languages (a word, or a phrase of several), `compound_parts.csv`
what may stand before such a word in the languages that write compounds as one (`herren` + `ring`). A word is looked up
as addresses spell it: lower-case, without accents, `ae` as well as `a` for a-umlaut.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import product

# Written as one word, the kind at its end: herrenring, damesring, kvinnering, timanttisormus, nyaklanc.
COMPOUNDING = ("da", "de", "et", "fi", "hu", "is", "nl", "no", "sv")
# Of two kinds side by side the last is meant here (pendant necklace), the first elsewhere (collier pendentif).
HEAD_LAST = frozenset({"en", *COMPOUNDING})
LINKS = ("", "s", "es", "n", "en", "e", "er", "ens")
LONGEST_PHRASE = 4
# A longer word is no compound; it bounds the search.
LONGEST_WORD = 40
# How far from the kind the part of the body may stand: bratara pentru glezna, bracelet de cheville.
NEAR = 3
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI")
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i", "ə": "e"}
)
_SPELLED_OUT = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"}

Row = Mapping[str, str]


def folded(text: str) -> str:
    """Lower-case Latin letters without accents; other scripts without their marks."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark)).translate(_LETTERS)


def spellings(word: str) -> set[str]:
    """The ways in which addresses write a word: `armbänder` is `armbander` or `armbaender`."""
    lower = unicodedata.normalize("NFC", word.lower())
    spelled_out = "".join(_SPELLED_OUT.get(letter, letter) for letter in lower)
    return {folded(lower), folded(spelled_out)}


@dataclass(frozen=True, slots=True)
class Found:
    """A kind that words `start` to before `end` name."""

    start: int
    end: int
    category: str
    head_last: bool


@dataclass(frozen=True)
class Vocabulary:
    """The tables as they are looked up; `groups` has the level above each category.

    `phrases` are tuples of folded words, with their category and whether the last of several kinds counts. `heads` and
    `parts` have the category of a word by language; that of a part is "" but where it is one of the body.
    """

    groups: Mapping[str, str]
    phrases: Mapping[tuple[str, ...], tuple[str, bool]] = field(repr=False)
    first_only: frozenset[tuple[str, ...]] = field(repr=False)
    unspaced: Mapping[str, str] = field(repr=False)
    heads: Mapping[str, Mapping[str, str]] = field(repr=False)
    parts: Mapping[str, Mapping[str, str]] = field(repr=False)
    body: Mapping[str, str] = field(repr=False)
    fingerprint: str

    @classmethod
    def of(cls, categories: Sequence[Row], words: Sequence[Row], parts: Sequence[Row]) -> "Vocabulary":
        """From the rows of the three tables; raises ValueError for a word of a category that the list lacks."""
        groups = {row["category"]: row["category_group"] for row in categories}
        for row in (*words, *parts):
            if row["category"] and row["category"] not in groups:
                raise ValueError(f"{row['word']!r} is of the category {row['category']!r}, which categories.csv lacks")
        # Of one spelling in several languages English decides: the shop's words in most of its stores.
        phrases = {
            phrase: (row["category"], row["language"] in HEAD_LAST)
            for row in sorted(words, key=lambda row: (row["language"] == "en", row["language"]))
            for phrase in _phrases(row["word"])
        }
        single = {phrase[0]: found[0] for phrase, found in phrases.items() if len(phrase) == 1}
        text = repr([sorted(sorted(row.items()) for row in rows) for rows in (categories, words, parts)])
        return cls(
            groups,
            phrases,
            frozenset(phrase for row in words if row.get("position") == "first" for phrase in _phrases(row["word"])),
            {word: category for word, category in single.items() if is_unspaced(word)},
            _by_word(row for row in words if " " not in row["word"]),
            _by_word(parts),
            {word: row["category"] for row in parts if row["language"] not in COMPOUNDING for word in _words(row)},
            sha256(text.encode()).hexdigest()[:16],
        )

    def category(self, words: Sequence[str]) -> str | None:
        """The kind that the words, folded and in order, name; None where they name none.

        The first kind counts, and of several side by side the one that the language means; a part of the body near it
        decides (a bracelet for the ankle). A word that also names models (`Magic Charm`) counts only in front.
        """
        found = list(self._found(words))
        if not found:
            return None
        run = [found[0]]
        for each in found[1:]:
            if each.start != run[-1].end:
                break
            run.append(each)
        head = run[-1] if all(each.head_last for each in run) else run[0]
        near = words[max(0, head.start - NEAR) : head.end + NEAR]
        return next((self.body[word] for word in near if word in self.body), head.category)

    def _found(self, words: Sequence[str]) -> Iterator[Found]:
        at = 0
        while at < len(words):
            found = self._at(words, at)
            if found is not None:
                yield found
            at = found.end if found is not None else at + 1

    def _at(self, words: Sequence[str], at: int) -> Found | None:
        """The kind that the words from `at` on name: the longest phrase, a compound, or a word within another."""
        for length in range(min(LONGEST_PHRASE, len(words) - at), 0, -1):
            phrase = tuple(words[at : at + length])
            if phrase in self.phrases and (at == 0 or phrase not in self.first_only):
                return Found(at, at + length, *self.phrases[phrase])
        # One word, or written apart: ear-ring, hals-kette.
        for length in range(min(2, len(words) - at), 0, -1):
            joined = "".join(words[at : at + length])
            category = self.compound(joined) or (self.phrases.get((joined,), ("", False))[0] if length > 1 else "")
            if category:
                return Found(at, at + length, category, True)
        inside = self._inside(words[at])
        return Found(at, at + 1, inside, True) if inside else None

    def compound(self, word: str) -> str | None:
        """`rings` for `herrenring`, `earrings` for `damenohrring`: known parts, then a word for a kind.

        All parts must be known, so that `alluring`, `spring` and `string` are no rings.
        """
        if len(word) > LONGEST_WORD:
            return None
        for split in range(2, len(word) - 1):
            for language, category in self.heads.get(word[split:], {}).items():
                decided = self._decided(word[:split], language)
                if decided is not None:
                    return decided or category
        return None

    def _decided(self, text: str, language: str) -> str | None:
        """What known parts, each with a linking element, decide: a category, or "" where none is one of the body.

        None where the text does not consist of known parts.
        """
        if not text:
            return ""
        for end in range(len(text), 1, -1):
            decided = self.parts.get(text[:end], {}).get(language)
            if decided is None:
                continue
            for link in LINKS:
                rest = self._decided(text[end + len(link) :], language) if text.startswith(link, end) else None
                if rest is not None:
                    return decided or rest
        return None

    def _inside(self, word: str) -> str | None:
        """The longest known word that a word of a script without spaces holds."""
        if not is_unspaced(word):
            return None
        known = [each for each in self.unspaced if each in word]
        return self.unspaced[max(known, key=lambda each: (len(each), each))] if known else None


def _by_word(rows: Iterable[Row]) -> dict[str, dict[str, str]]:
    """Of the languages that write compounds as one: by each spelling of a word its category in each language."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        for word in _words(row) if row["language"] in COMPOUNDING else ():
            found.setdefault(word, {})[row["language"]] = row["category"]
    return found


def _words(row: Row) -> set[str]:
    return spellings(row["word"])


def _phrases(text: str) -> set[tuple[str, ...]]:
    return set(product(*(spellings(word) for word in text.split())))


def is_unspaced(word: str) -> bool:
    """Whether the word is of a script that sets no spaces between words."""
    return not word.isascii() and any(unicodedata.name(letter, "").startswith(UNSPACED) for letter in word)
