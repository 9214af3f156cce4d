"""Text of others on a terminal: an event, a file or a server's message must not steer it or forge a line of ours."""

import re

_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0 and C1 controls, line and paragraph separator, Unicode's bidirectional controls (UAX #9), and surrogates.

The last cannot be written as UTF-8.
"""


def printable(text: object) -> str:
    """The text with what steers a terminal written as JSON has it: the escape character is `\\u001b`, a newline too."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", str(text))


def printable_lines(text: str) -> str:
    """As `printable`, of a text of several lines that stay lines."""
    return "\n".join(map(printable, text.split("\n")))
