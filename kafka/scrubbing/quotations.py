"""What errors of servers and libraries quote: a value of an event, in whatever quotation marks, has no pattern."""

import re

# Those of English, French and German, which servers speak as well.
_BEGINS, _ENDS = (
    "(?<!\\w)[\"'`\u00ab\u00bb\u2018\u201a\u201c\u201e]",
    "[\"'`\u00ab\u00bb\u2018\u2019\u201c\u201d](?!\\w)",
)
_QUOTED = re.compile(f"{_BEGINS}.*{_ENDS}|{_BEGINS}.*", re.DOTALL)


def masked_quotations(text: str, mask: str) -> str:
    """The text with `mask` from its first quotation mark to its last, for what is quoted may hold some itself.

    To its end where there is one alone. An apostrophe within a word is none.
    """
    return _QUOTED.sub(mask, text)
