"""What the proof of an erasure finds in Elasticsearch."""

import os
from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from tests.staged_events import hashed
from utilities.erasure.proof import in_keywords
from utilities.erasure.visitor import Visitor
from utilities.erasure.wanted import Wanted
from utilities.local_servers.stack import Stack

pytestmark = pytest.mark.servers

MAPPING = {
    "dynamic": False,
    "properties": {
        "page": {"type": "keyword", "ignore_above": 2048},
        "kafka": {"properties": {"topic": {"type": "keyword"}}},
    },
}
INDEX = f"proof-{os.getpid()}"
LONGEST = ["a" * 500, "A" * 32_768, "Ä" * 2_048, "\U0001f48d" * 1_000, "ß" * 2_048, "*" * 2_048, "ab" * 1_000]


@pytest.fixture
def search(servers: Stack) -> Iterator[Elasticsearch]:
    """A client that may make indexes, and an index without documents."""
    address = f"http://127.0.0.1:{servers.settings.elasticsearch_port}"
    password = servers.secrets.reveal("elasticsearch_elastic_password")
    with Elasticsearch(address, basic_auth=("elastic", password), request_timeout=60) as client:
        client.indices.create(index=INDEX, mappings=MAPPING, settings={"number_of_replicas": 0})
        yield client
        client.indices.delete(index=INDEX)


def found(search: Elasticsearch, page: str, *texts: str) -> int:
    search.index(index=INDEX, id="1", document={"page": page, "kafka": {"topic": "views"}}, refresh=True)
    return in_keywords(search, INDEX, ["views"], Wanted(Visitor("anna", hashed("anna")), texts))


@pytest.mark.parametrize(
    "said", ["Änne Żółć", "İpek Ğül", "ΟΔΥΣΣΕΥΣ", "Анна Иванова", 'a*b?"#@&<>~ (1) [2] {3} \\d|+.^$/-']
)
def test_a_text_is_found_in_whatever_case(search: Elasticsearch, said: str) -> None:
    for written in (said, said.lower(), said.upper(), said.title()):
        assert found(search, f"host/{written}/x", said, "others' text") == 1
    assert found(search, "host/x", said) == 0


def test_a_number_is_a_whole_word(search: Elasticsearch) -> None:
    pages = [
        "502567",
        "host/502567/x",
        "host?user=502567",
        "f523185f-406c-4bc8-9a0a-ea0502567b67",
        "1502567",
        "502567A",
    ]
    assert [found(search, page, "502567") for page in pages] == [1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize("text", LONGEST)
def test_however_long_a_text_is_it_can_be_looked_for(search: Elasticsearch, text: str) -> None:
    is_held = len(text) <= 2_000
    assert found(search, f"host/{text if is_held else 'x'}", text) == is_held
    assert found(search, "host/aaaa", *[f"{n}{text}" for n in range(100)]) == 0
