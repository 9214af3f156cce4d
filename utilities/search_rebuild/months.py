"""The months of an alias, as indices: `product-views-2020.04`, and `product-views-2020.04-000002` once rebuilt.

A rebuilt month has the plain name as an alias. So the indexer goes on writing to the name that it knows.
"""

import re
from collections.abc import Sequence
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from kafka.sinks.event_document import month_of

_GENERATION = re.compile(r"-(\d{6})$")
_ALREADY_THERE = 400


def generation_of(index: str) -> int:
    """The number of the rebuild that made an index; 0 where the indexer did."""
    found = _GENERATION.search(index)
    return int(found.group(1)) if found else 0


def rebuilt_name(month: str, generation: int) -> str:
    """The index that a rebuild makes for `month`, the name that the indexer writes to."""
    return f"{month}-{generation:06d}"


def latest_generation(client: Elasticsearch, alias: str) -> int:
    """The number of the last rebuild that was swapped in; 0 where none was."""
    found = client.indices.get(index=alias, ignore_unavailable=True, features="aliases")
    # One that a kill left behind the alias between its making and its taking away has no month's name.
    swapped = (generation_of(name) for name, told in found.items() if month_of(name) in told["aliases"])
    return max(swapped, default=0)


def behind(client: Elasticsearch, alias: str, but: int) -> list[str]:
    """The indices behind the alias, without those of rebuild number `but`."""
    found = client.indices.get(index=alias, ignore_unavailable=True, features="aliases")
    return sorted(name for name in found if generation_of(name) != but)


class NewMonths:
    """The indices of one rebuild: by the template of the alias, and not behind it until `swap`."""

    def __init__(self, client: Elasticsearch, alias: str, generation: int) -> None:
        self._client = client
        self._alias = alias
        self.generation = generation
        self._ready: set[str] = set()

    @property
    def pattern(self) -> str:
        """All of them, for a search."""
        return rebuilt_name(f"{self._alias}-*", self.generation)

    def names(self) -> list[str]:
        """Those that are there."""
        return sorted(self._client.indices.get(index=self.pattern, allow_no_indices=True, features="aliases"))

    def place(self, month: str) -> str:
        """The index for the documents of a month, made where it is missing."""
        name = rebuilt_name(month, self.generation)
        if name not in self._ready:
            self._make(name)
            self._ready.add(name)
        return name

    def swap(self, former: Sequence[str]) -> None:
        """At once: the former indices are gone, and these stand behind the alias and the names of their months."""
        actions: list[dict[str, Any]] = [{"remove_index": {"index": name}} for name in former]
        for name in self.names():
            for alias in (self._alias, month_of(name)):
                actions.append({"add": {"index": name, "alias": alias}})
        self._client.indices.update_aliases(actions=actions)

    def delete(self) -> None:
        """Drop them."""
        if names := self.names():
            self._client.indices.delete(index=names)

    def _make(self, name: str) -> None:
        try:
            self._client.indices.create(index=name)
        except ApiError as error:
            if error.status_code != _ALREADY_THERE or "resource_already_exists" not in str(error):
                raise
        # The template has put it behind the alias, where it must not be found before it is whole.
        if self._client.indices.exists_alias(index=name, name=self._alias):
            self._client.indices.delete_alias(index=name, name=self._alias)
