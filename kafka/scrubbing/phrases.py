"""What stands behind a name that says it is a person's, in plain text: `name: Anna Schmidt, size: 54`.

It ends where a comma, a semicolon, a bar, an ampersand or a line break is followed by another name with its colon;
else with the text, for names, streets and letters are of many words.
"""

import re

from kafka.scrubbing.names import is_personal

_NAMED = (
    r"([\w.\-]+)(?:[ _](?:no|nr|num|number|nummer|n[uú]mero)\.?)?"  # phone number
    r"[\"'\])*]{0,2}\s{0,3}[:=\uff1a]+"
)
# A product's name is nobody's.
_OF_A_THING = re.compile(
    r"(?<![^\W\d_])(?:product|item|article|brand|model|category|collection|campaign|utm|promo|coupon|store|shop|page"
    r"|file|country) (?:name|code)\Z",
    re.IGNORECASE,
)
_MARK = re.compile(r"[:=\uff1a]")
# Those of an address that a browser knows are told by its own marks.
_LABEL = re.compile(rf"(?<![\w.\-/\\?&#%@+]){_NAMED}")
_NEXT = re.compile(rf"[,;|&\n\r]\s{{0,3}}[\"'{{\[(]{{0,2}}{_NAMED}")


def masked_phrases(text: str, mask: str) -> str:
    """The text with `mask` for all that follows a personal name; the same where there is none."""
    if _MARK.search(text) is None:
        return text
    shown, end = [], 0
    label = _LABEL.search(text)
    while label is not None:
        start = label.end()
        if is_personal(label[1]) and not _OF_A_THING.search(text[max(label.start() - 16, 0) : label.end(1)]):
            following = _NEXT.search(text, start)
            last = following.start() if following else len(text)
            if said := text[start:last].strip():
                first = text.index(said, start)
                shown += [text[end:first], mask]
                end = first + len(said)
            start = last
        label = _LABEL.search(text, start)
    return "".join([*shown, text[end:]])
