"""What the search is asked, and which of its answers are none."""

import asyncio
from typing import Any

import pytest

from serving.problem import Code, Problem
from serving.query.search_store import SearchStore
from tests.unit.serving.query_parts import FEEDS, settings_of

WHOLE = {"timed_out": False, "_shards": {"failed": 0}, "hits": {"hits": []}}


class FakeClient:
    """Answers what the test says; remembers what it was asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.asked: dict[str, Any] = {}

    def search(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        return self.answer

    def close(self) -> None:
        pass


def store_over(client: FakeClient) -> SearchStore:
    store = SearchStore(settings_of(), FEEDS)
    store._client.close()
    store._client = client  # type: ignore[assignment]
    return store


def test_an_event_of_a_day_that_is_to_come_is_not_among_the_newest() -> None:
    client = FakeClient(WHOLE)
    assert asyncio.run(store_over(client).newest(FEEDS["product_views"], 20)) == []
    assert client.asked["query"] == {"range": {"@timestamp": {"lte": "now"}}}


@pytest.mark.parametrize("part", [{"timed_out": True}, {"_shards": {"failed": 1}}])
def test_an_answer_that_has_not_seen_all_is_none(part: dict[str, Any]) -> None:
    store = store_over(client := FakeClient({**WHOLE, **part}))
    with pytest.raises(Problem) as refused:
        asyncio.run(store.search(FEEDS["product_views"], {"match_all": {}}, 20, None))
    assert refused.value.code is Code.QUERY_TOO_SLOW
    assert client.asked["allow_partial_search_results"] is False
    assert asyncio.run(store.newest(FEEDS["product_views"], 20)) is None
