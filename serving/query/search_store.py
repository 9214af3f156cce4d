"""Elasticsearch as the search pages read it: queries of our making, over the fields that a declaration lets be seen."""

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError, TransportError

from config.settings import PROJECT_ROOT
from kafka.feeds.feed import Feed
from kafka.feeds.search import template
from serving.problem import Code, Problem
from serving.query.settings import QuerySettings

MAIN_TEMPLATE = PROJECT_ROOT / "config" / "elasticsearch" / "index-template.json"
SECONDS = 8
INNER = ("event", "kafka", "indexed_at", "@timestamp")
"""Of every document, and no field of the event; `event` holds it as it was sent, which nobody sees here."""
# One event that says a day of years ahead would otherwise stay the newest until then.
UNTIL_NOW = {"range": {"@timestamp": {"lte": "now"}}}
SORT = [{"@timestamp": "desc"}, {"kafka.partition": "desc"}, {"kafka.offset": "desc"}]


def shown_fields(feed: Feed) -> dict[str, str]:
    """Each field of the feed's documents that may be seen, with its type in Elasticsearch.

    By the index template, that is without what is personal, and an identifier as its keyed hash.
    """
    made: Mapping[str, Any] = json.loads(MAIN_TEMPLATE.read_text()) if feed.is_main else template(feed)
    properties = made["template"]["mappings"]["properties"]
    return {name: told["type"] for name, told in properties.items() if name not in INNER and "type" in told}


class SearchStore:
    """A client and the threads that wait for it."""

    def __init__(self, settings: QuerySettings, feeds: Mapping[str, Feed]) -> None:
        login = settings.elasticsearch_reader_user, settings.elasticsearch_reader_password.get_secret_value()
        self._client = Elasticsearch(
            settings.elasticsearch_url,
            **settings.elasticsearch_tls_options,
            basic_auth=login,
            request_timeout=SECONDS,
            max_retries=0,
        )
        self._executor = ThreadPoolExecutor(2, "search")
        self._alias = settings.elasticsearch_alias
        self.fields = {name: shown_fields(feed) for name, feed in feeds.items()}

    def close(self) -> None:
        """Take no more."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def index(self, feed: Feed) -> str:
        """The alias over the feed's months."""
        return self._alias if feed.is_main else feed.index

    async def search(self, feed: Feed, query: dict[str, Any], size: int, after: list[Any] | None) -> dict[str, Any]:
        """The newest documents that fit, as Elasticsearch answers; no hits before the first index. Raises Problem."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._search, feed, query, size, after)

    async def newest(self, feed: Feed, count: int) -> list[dict[str, Any]] | None:
        """The newest events, as the live page shows them; None while the search does not answer."""
        try:
            found = await self.search(feed, UNTIL_NOW, count, None)
        except Problem:
            return None
        return [{"feed": feed.name, **item(hit)} for hit in found["hits"]["hits"]]

    def _search(self, feed: Feed, query: dict[str, Any], size: int, after: list[Any] | None) -> dict[str, Any]:
        try:
            answer = self._client.search(
                index=self.index(feed),
                query=query,
                size=size,
                sort=SORT,
                search_after=after,
                source_includes=list(self.fields[feed.name]) or None,
                timeout=f"{SECONDS - 2}s",
                allow_partial_search_results=False,
                track_total_hits=10_000,
            )
        except NotFoundError:
            return {"hits": {"total": {"value": 0, "relation": "eq"}, "hits": []}}
        except (ApiError, TransportError) as error:
            raise Problem(Code.STORE_UNAVAILABLE, "the search does not answer", (), 2) from error
        if answer["timed_out"] or answer["_shards"]["failed"]:
            # What is left out would be taken for what is not there.
            raise Problem(Code.QUERY_TOO_SLOW, "the search has not seen all: ask for a shorter time", (), 2)
        return dict(answer)


def item(hit: Mapping[str, Any]) -> dict[str, Any]:
    """One document."""
    return {"id": hit["_id"], "at": hit["sort"][0] / 1000, "fields": hit.get("_source", {})}
