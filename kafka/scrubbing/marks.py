"""Runs of combining marks, which no script writes long, and whose ordering takes time with the square of their number.

A letter has a handful of them; Unicode's Stream-Safe Text Format (UAX 15, section 13) allows 30.
"""

import re
import unicodedata
from functools import lru_cache

MOST_MARKS = 30
# Every mark is beyond ASCII, most text beyond ASCII has a space or a comma before so many characters.
_LONG = re.compile(rf"[^\x00-\x7f]{{{MOST_MARKS + 1},}}")


def with_few_marks(text: str) -> str:
    """The text without the marks that follow MOST_MARKS others, to be normalised in time that grows with its length."""
    return _LONG.sub(_shortened, text)


def _shortened(run: re.Match[str]) -> str:
    kept, marks = list[str](), 0
    for character in run[0]:
        marks = marks + 1 if _is_mark(character) else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


@lru_cache(maxsize=16_384)
def _is_mark(character: str) -> bool:
    """Whether it is ordered among its neighbours, as it stands or once it is taken apart: U+0F81 is of two marks."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) != 0
