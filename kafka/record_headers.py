"""The headers of a record as the client reads them, whatever their names: as a list, or as an error each time.

Where a name is not UTF-8, `Message.headers()` of confluent_kafka returns a list with a null pointer in it and an
exception set, and at the next call the same list without the exception: whoever unpacks it ends the process. CPython
makes a SystemError of the first only where it checks the result of a call, and the specialised bytecode of a hot loop
does not (3.11): there the list is used, and the exception comes up wherever the interpreter looks next. A call from C
is always checked.
"""

from operator import methodcaller
from typing import TYPE_CHECKING

from confluent_kafka import Message

if TYPE_CHECKING:
    from confluent_kafka._types import HeadersType

_headers = methodcaller("headers")
_UNREADABLE: "HeadersType" = []
"""In the place of the list with the null pointer; known by its identity."""


class UnreadableHeadersError(UnicodeError):
    """A header's name is not UTF-8: the client cannot read it."""

    def __init__(self) -> None:
        super().__init__("a header's name is not UTF-8: the client cannot read it")


def read_headers(message: Message) -> "HeadersType | None":
    """The headers of a record, None where it has none; raises UnreadableHeadersError, however often it is asked."""
    try:
        headers: HeadersType | None = _headers(message)
    except (SystemError, UnicodeError) as error:
        message.set_headers(_UNREADABLE)
        raise UnreadableHeadersError from error
    if headers is _UNREADABLE:
        raise UnreadableHeadersError
    return headers
