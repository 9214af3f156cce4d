"""Documents that were indexed by other rules are rewritten from the events that they hold, and no other is touched."""

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock

import pytest

from config.errors import UnavailableError
from kafka.sinks.event_document import erased_document, event_document
from utilities.stores import reindexing

KEY = b"a key of at least sixteen characters"
BUS = {"topic": "views", "partition": 0, "offset": 1, "timestamp": 3}
EVENT = {"device_id": "02928c22", "current_url": "https://shop.example.com/reset/5f2c", "utm_source": False}
FRESH = event_document(EVENT, 1, BUS, 4, KEY)
BEFORE = {**FRESH, "device_id": "02928c22", "current_url": EVENT["current_url"]}


def rewrite(monkeypatch: pytest.MonkeyPatch, *documents: dict[str, Any], status: int = 200) -> Any:
    """The lines that were sent, and what was counted."""
    client = MagicMock()
    client.count.return_value = {"count": len(documents)}

    def bulk(operations: list[bytes]) -> dict[str, Any]:
        return {"items": [{"index": {"status": status, "error": "why"}} for _ in operations[::2]]}

    def scan(*_: object, seq_no_primary_term: bool, **__: object) -> Iterator[dict[str, Any]]:
        assert seq_no_primary_term
        for place, document in enumerate(documents):
            named = {"_index": "views-2026.01", "_id": f"id {place}"}
            yield {**named, "_seq_no": 7, "_primary_term": 2, "_source": document}

    client.bulk.side_effect = bulk
    monkeypatch.setattr(reindexing, "scan", scan)
    counted = reindexing.rewrite_documents(client, "views", KEY)
    return [json.loads(line) for call in client.bulk.call_args_list for line in call.kwargs["operations"]], counted


def test_what_was_indexed_by_other_rules_is_rewritten_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, counted = rewrite(monkeypatch, FRESH, BEFORE, erased_document(BUS, 5))
    place = {"_index": "views-2026.01", "_id": "id 1", "if_seq_no": 7, "if_primary_term": 2}
    assert lines == [{"index": place}, FRESH]
    assert counted == (3, 1)
    assert lines[1]["event"] == EVENT


def test_what_was_erased_meanwhile_stays_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rewrite(monkeypatch, BEFORE, status=409)[1] == (1, 0)


def test_what_is_refused_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnavailableError, match="did not take 1 documents: why"):
        rewrite(monkeypatch, BEFORE, status=403)
