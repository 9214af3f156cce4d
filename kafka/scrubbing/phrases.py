"""What stands behind a name that says it is a person's, in plain text: `name: Anna Schmidt, size: 54`.

It ends where a comma, a semicolon, a bar, an ampersand or a line break is followed by another name with its colon;
else with the text, for names, streets and letters are of many words.
"""

import re

from kafka.scrubbing.names import is_personal

_NAME = r"[\w.\-]+"
_COLON = (
    r"(?:[ _/](?:no|nr|num|number|nummer|n[uú]mero)\.?)?"  # phone number
    r"[\"'\])*]{0,2}\s{0,3}[:=\uff1a]+"
)
# A product's name is nobody's.
_OF_A_THING = re.compile(
    r"(?<![^\W\d_])(?:product|item|article|brand|model|category|collection|campaign|utm|promo|coupon|store|shop|page"
    r"|file|country) (?:name|code)\Z|(?<![^\W\d_])(?:smart|head|ear|micro|compatible) phones?\Z"
    r"|(?<![^\W\d_])(?:ski|lift|season|day|high|low|band) pass\Z|(?<![^\W\d_])(?:store|shop|web) address\Z"
    r"|(?<![^\W\d_])(?:error|status|system) message\Z",
    re.IGNORECASE,
)
_MARK = re.compile(r"[:=\uff1a]")
# Those of an address that a browser knows are told by its own marks. Names may be joined: `First/last name:`, `a+b:`.
_LABEL = re.compile(rf"(?<![\w.\-/\\#%@+])(?<!\S[?&])({_NAME}(?:[/&+]{_NAME})*){_COLON}")
_JOINED = re.compile("[/&+]")
_NEXT = re.compile(rf"[,;|&\n\r]\s{{0,3}}[\"'{{\[(]{{0,2}}({_NAME}){_COLON}")


def masked_phrases(text: str, mask: str) -> str:
    """The text with `mask` for all that follows a personal name; the same where there is none."""
    if _MARK.search(text) is None:
        return text
    shown, end = [], 0
    label = _LABEL.search(text)
    while label is not None:
        start = label.end()
        if _is_personal(label) and not _OF_A_THING.search(text[max(label.start() - 16, 0) : label.end(1)]):
            following = _NEXT.search(text, start)
            last = following.start() if following else len(text)
            said = text[start:last].strip()
            if said and not said.startswith(f"{mask}&"):
                first = text.index(said, start)
                shown += [text[end:first], mask]
                end = first + len(said)
            start = last
        label = _LABEL.search(text, start)
    return "".join([*shown, text[end:]])


def _is_personal(label: re.Match[str]) -> bool:
    """Whether it names what is a person's: before an equals sign, of names that are joined, the last alone."""
    names = _JOINED.split(label[1])
    return any(map(is_personal, names[-1:] if "=" in label[0] else names))
