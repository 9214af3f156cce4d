"""A rebuild that is killed at any of its requests and begun again ends with the same documents, each once."""

from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from types import SimpleNamespace
from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import NotFoundError

from config.errors import TerminalError
from kafka.position import bus_position
from kafka.sinks.event_document import EventDocuments, erased_document, index_name
from kafka.sinks.sink import StoreMark
from utilities.search_rebuild import copying, rebuild
from utilities.search_rebuild.rebuild import Rebuild

ALIAS, PLACE = "product-views", ("views", 0)
LANDED, INDEXED = 8, 10
SECONDS = (1_600_000_000, 1_605_000_000)
KEY = b"a key of at least sixteen characters"


class KilledError(Exception):
    """As by SIGKILL: nothing is asked of a server any more."""


def event(offset: int) -> dict[str, Any]:
    return {"id": f"e{offset}", "time_stamp": SECONDS[offset % 2], "collection": "view_product_detail"}


def document(offset: int) -> dict[str, Any]:
    bus = {"topic": PLACE[0], "partition": PLACE[1], "offset": offset, "timestamp": 5}
    return EventDocuments().document(event(offset), SECONDS[offset % 2] * 1000, bus, 1, KEY)


def identifier(offset: int) -> str:
    return bus_position(*PLACE, offset)


def month(offset: int) -> str:
    return index_name(ALIAS, SECONDS[offset % 2] * 1000)


def matches(query: dict[str, Any], name: str, found: dict[str, Any]) -> bool:
    ((kind, told),) = query.items()
    if kind == "ids":
        return name in told["values"]
    if kind == "exists":
        return told["field"] in found
    if kind == "bool":
        needed, forbidden = told.get("filter", []), told.get("must_not", [])
        needed = needed if isinstance(needed, list) else [needed]
        forbidden = forbidden if isinstance(forbidden, list) else [forbidden]
        matched = all(matches(each, name, found) for each in needed)
        return matched and not any(matches(each, name, found) for each in forbidden)
    ((path, wanted),) = told.items()
    value = found["kafka"][path.removeprefix("kafka.")]
    if kind == "term":
        return bool(value == wanted)
    return bool(wanted.get("gte", 0) <= value < wanted.get("lt", value + 1))


class FakeSearch:
    """Indices with their documents and aliases; dies at request number `dies_at`."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, dict[str, Any]]] = {}
        self.aliases: dict[str, set[str]] = {}
        self.blocked: set[str] = set()
        self.requests, self.dies_at = 0, 0
        self.indices = SimpleNamespace(
            get=self._asked(lambda index, **_: {name: {"aliases": self.aliases[name]} for name in self.named(index)}),
            create=self._asked(self._create),
            refresh=self._asked(lambda **_: None),
            exists_alias=self._asked(lambda index, name: name in self.aliases[index]),
            delete_alias=self._asked(lambda index, name: self.aliases[index].remove(name)),
            delete=self._asked(self._drop),
            add_block=self._asked(lambda index, block: self.blocked.update(self.named(index))),
            put_settings=self._asked(self._unblock),
            update_aliases=self._asked(self._swap),
        )
        self.search, self.count = self._asked(self._search), self._asked(self._count)
        self.write, self.scan = self._asked(self._write), self._asked(self._scan)

    def named(self, index: str) -> list[str]:
        return [name for name in self.stored if fnmatch(name, index) or index in self.aliases[name]]

    def _asked(self, command: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*arguments: Any, **options: Any) -> Any:
            self.requests += 1
            if self.dies_at and self.requests >= self.dies_at:
                raise KilledError
            return command(*arguments, **options)

        return ask

    def _create(self, index: str) -> None:
        self.stored.setdefault(index, {})
        self.aliases.setdefault(index, {ALIAS})  # by the template

    def _drop(self, index: list[str]) -> None:
        for name in index:
            del self.stored[name], self.aliases[name]
            self.blocked.discard(name)

    def _unblock(self, index: str, settings: Any) -> None:
        if not self.named(index):
            meta = ApiResponseMeta(404, "1.1", HttpHeaders(), 0.0, NodeConfig("http", "localhost", 9200))
            raise NotFoundError("no such index", meta, {})
        self.blocked.difference_update(self.named(index))

    def _swap(self, actions: list[dict[str, Any]]) -> None:
        for action in actions:
            ((kind, told),) = action.items()
            if kind == "remove_index":
                self._drop([told["index"]])
            else:
                assert told["alias"] not in self.stored, "an index has this name"
                self.aliases[told["index"]].add(told["alias"])

    def hits(self, index: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"_index": name, "_id": each, "_source": found}
            for name in self.named(index)
            for each, found in self.stored[name].items()
            if matches(query, each, found)
        ]

    def _search(self, index: str, size: int, query: Any = None, sort: str = "", **options: Any) -> dict[str, Any]:
        if "aggregations" in options:
            some = bool(self.hits(index, {"bool": {}}))
            partitions = {"partitions": {"buckets": [{"key": PLACE[1]}]}}
            return {"aggregations": {"topics": {"buckets": [{"key": PLACE[0], **partitions}] if some else []}}}
        hits = self.hits(index, query)
        if sort:
            hits.sort(key=lambda hit: hit["_source"]["kafka"]["offset"], reverse=sort.endswith(":desc"))
        return {"hits": {"hits": hits[:size]}}

    def _count(self, index: str, query: Any, **_: Any) -> dict[str, int]:
        return {"count": len(self.hits(index, query))}

    def _scan(self, _: Any, index: str, query: Any, **__: Any) -> list[dict[str, Any]]:
        return self.hits(index, query["query"])

    def _write(self, _: Any, actions: Iterator[dict[str, Any]], **__: Any) -> list[tuple[bool, Any]]:
        written = list(actions)
        for action in written:
            assert action["_index"] not in self.blocked
            assert ALIAS not in self.aliases[action["_index"]], "found by searches before it is whole"
            self.stored[action["_index"]][action["_id"]] = action["_source"]
        return [(True, {})] * len(written)


class FakeCollection:
    """As much of a MongoDB collection as checkpoints and copying ask for."""

    def __init__(self, name: str) -> None:
        self.name, self.rows = name, dict[str, dict[str, Any]]()
        self.database: dict[str, FakeCollection] = {}

    def find_one(self, query: Any, *_: Any, sort: Any = None) -> Any:
        return next(iter(sorted(self.find(query), key=lambda row: row["_id"])), None)

    def find(self, query: Any) -> list[dict[str, Any]]:
        told: Any = query["_id"]
        if isinstance(told, str):
            return [self.rows[told]] if told in self.rows else []
        low, high = told.get("$gte", ""), told.get("$lt", "~")
        return [row for key, row in self.rows.items() if low <= key < high and key != told.get("$ne")]

    def replace_one(self, query: Any, row: Any, upsert: bool) -> None:
        self.rows[query["_id"]] = row

    def drop(self) -> None:
        self.rows.clear()


class FakeStore:
    """The raw store: offsets 0 to 7 but for 3, which the landing has refused."""

    def __init__(self) -> None:
        self.collection = FakeCollection("records")
        self.collection.database["records_search_rebuild"] = FakeCollection("records_search_rebuild")
        for offset in set(range(LANDED)) - {3}:
            stored = {"_id": identifier(offset), "event": event(offset), "kafka": {"timestamp": 5}}
            self.collection.rows[identifier(offset)] = stored

    def landed_until(self) -> dict[tuple[str, int], int]:
        return {PLACE: LANDED}

    def find(self, query: Any, _: Any) -> list[dict[str, Any]]:
        return self.collection.find(query)

    def count(self, topic: str, partition: int, until: int) -> int:
        return len(self.collection.find({"_id": {"$lt": bus_position(topic, partition, until)}}))


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> FakeSearch:
    """Two months with every offset but 5, which is missing; 6 was erased."""
    made = FakeSearch()
    for offset in set(range(INDEXED)) - {5}:
        made.stored.setdefault(month(offset), {})[identifier(offset)] = document(offset)
        made.aliases[month(offset)] = {ALIAS}
    made.stored[month(6)][identifier(6)] = erased_document(document(6)["kafka"], 9)
    monkeypatch.setattr(copying, "streaming_bulk", lambda *told, **options: made.write(*told, **options))
    monkeypatch.setattr(copying, "scan", lambda *told, **options: made.scan(*told, **options))
    monkeypatch.setattr(copying, "OFFSETS_PER_STRETCH", 2)
    monkeypatch.setattr(rebuild, "OFFSETS_PER_STRETCH", 2)
    monkeypatch.setattr(rebuild, "SETTLED_OFFSETS", 2)
    return made


def made_by(search: Any, store: Any) -> Rebuild:
    marks = {PLACE: StoreMark(INDEXED, "id")}
    return Rebuild(search, ALIAS, store, lambda: marks, EventDocuments(), KEY, lambda: None)


def assert_rebuilt(search: FakeSearch) -> None:
    hits = search.hits(ALIAS, {"bool": {}})
    found = {hit["_id"]: hit["_source"] | {"indexed_at": 1} for hit in hits}
    assert len(hits) == len(found) == INDEXED
    assert {each: found[each] for each in found if each != identifier(6)} == {
        identifier(offset): document(offset) for offset in set(range(INDEXED)) - {6}
    }
    assert "event" not in found[identifier(6)]
    assert search.blocked == set()
    # The indexer's names of the months are aliases of what stands behind the alias.
    assert search.named(month(0)) + search.named(month(1)) == sorted(search.named(ALIAS))


def test_a_rebuild_makes_what_was_missing_and_keeps_what_only_the_index_had(search: FakeSearch) -> None:
    done = made_by(search, FakeStore()).run()
    assert (done.made, done.kept, done.refused, done.beyond, done.indices) == (7, 1, 0, 2, 2)
    assert done.documents == INDEXED
    assert_rebuilt(search)


def test_a_rebuild_killed_at_any_request_goes_on_to_the_same_end(search: FakeSearch) -> None:
    store, kills, requests = FakeStore(), 0, 0
    # One request further at each kill, so that all of them are the last one once.
    while True:
        search.requests, search.dies_at = 0, requests + 1
        try:
            made_by(search, store).run()
            break
        except KilledError:
            kills, requests = kills + 1, requests + 1
    assert kills > 20
    assert_rebuilt(search)


def test_counts_that_differ_swap_nothing_and_the_rebuild_can_be_dropped(search: FakeSearch) -> None:
    store = FakeStore()
    former, before = search.named(ALIAS), search.hits(ALIAS, {"bool": {}})
    marks = store.collection.database["records_search_rebuild"]
    marks.rows["generation"] = {"_id": "generation", "number": 1}
    counted = {"next_offset": 4, "made": 3, "kept": 1, "refused": 0}
    marks.rows["views:00000"] = {"_id": "views:00000", "topic": "views", "partition": 0, **counted}
    with pytest.raises(TerminalError, match="was not swapped, for the counts differ: views:0 has 7 in MongoDB"):
        made_by(search, store).run()
    assert (search.named(ALIAS), search.hits(ALIAS, {"bool": {}}), search.blocked) == (former, before, set())
    made_by(search, store).abandon()
    assert sorted(search.stored) == sorted(former)
    made_by(search, store).run()
    assert_rebuilt(search)
