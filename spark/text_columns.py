"""Values of events to columns of text, many at a time: what Arrow does for a whole column, Python need not for each."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from kafka.event_text import LONGEST_TEXT, TEXT_QUOTE, as_text

Value = TypeVar("Value", bound=Hashable)
_REPLACED = (b"\0", TEXT_QUOTE.encode())


def text_column(values: Sequence[object]) -> pa.StringArray:
    """`as_text` of each value: at once where each is a text or None and none is cut or has a character replaced."""
    try:
        array = pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid, UnicodeEncodeError):
        return pa.array(map(as_text, values), pa.string())
    return array if _is_as_sent(array) else pa.array(map(as_text, values), pa.string())


def scrubbed_column(texts: pa.StringArray, scrub: Callable[[str], str]) -> pa.StringArray:
    """`scrub` of each text, called once for each distinct one; the same array where none changes."""
    coded = texts.dictionary_encode()
    sent = coded.dictionary.to_pylist()
    found = list(map(scrub, sent))
    return texts if found == sent else pa.array(found, pa.string()).take(coded.indices)


def _is_as_sent(texts: pa.StringArray) -> bool:
    _, offsets, characters = texts.buffers()
    if characters is None:
        return True
    used = memoryview(offsets).cast("i")[len(texts)]
    if used > LONGEST_TEXT and (pc.max(pc.binary_length(texts)).as_py() or 0) > LONGEST_TEXT:
        return False
    content = characters.slice(0, used).to_pybytes()
    return not any(character in content for character in _REPLACED)


def column_of_distinct(values: Sequence[Value], describe: Callable[[Value], str | None]) -> pa.StringArray:
    """`describe` of each value, called once for each distinct one."""
    known = {value: describe(value) for value in set(values)}
    return pa.array([known[value] for value in values], pa.string())
