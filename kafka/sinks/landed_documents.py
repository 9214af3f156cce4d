"""Landed documents read back as they were sent.

The driver makes an object of its own, a DBRef, of any document that has the keys `$ref` and `$id`: an event that holds
them would no longer be a mapping. Of the types that JSON has it is the only such one.
"""

from collections.abc import Mapping
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

UNDECODED = CodecOptions(document_class=RawBSONDocument)
"""Options for a collection whose documents are given to `as_sent`."""
_NAME_OF_A_REFERENCE = b"$ref\0"


def as_sent(document: RawBSONDocument) -> dict[str, Any]:
    """The document as plain dicts and lists."""
    plain: dict[str, Any] = _unfolded(document) if _NAME_OF_A_REFERENCE in document.raw else bson.decode(document.raw)
    return plain


def batch_as_sent(batch: bytes) -> list[dict[str, Any]]:
    """The documents of a raw batch, decoded at once where none may hold a reference."""
    if _NAME_OF_A_REFERENCE not in batch:
        return bson.decode_all(batch)
    return [as_sent(document) for document in bson.decode_all(batch, UNDECODED)]


def _unfolded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _unfolded(inner) for name, inner in value.items()}
    return [_unfolded(inner) for inner in value] if isinstance(value, list) else value
