"""The two sinks on real servers: whose fault a refusal is, what is waited for, and what their marks keep."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep

import pytest
from confluent_kafka import Message
from elasticsearch import AuthorizationException, Elasticsearch
from pymongo import MongoClient

from config.errors import TerminalError, UnavailableError
from config.settings import ElasticsearchSettings, MongoSettings
from kafka.dead_letter_reasons import Reason
from kafka.dead_letters.letter import read_dead_letters
from kafka.sinks import elasticsearch as elasticsearch_sink
from kafka.sinks import mongo as mongo_sink
from kafka.sinks.elasticsearch import ElasticsearchSink
from kafka.sinks.elasticsearch_marks import PROGRESS_INDEX
from kafka.sinks.mongo import Document, MongoSink
from kafka.sinks.sink import BusLog, Sink, StoreMark
from tests.events import view
from tests.forgotten import KEY, forgotten
from tests.pipeline import Pipeline, wait_for_line
from utilities.local_servers.stack import Stack
from utilities.stores.reindexing import rewrite_documents

pytestmark = pytest.mark.servers

ALIAS = "product-views"
MONTH, IN_THAT_MONTH = f"{ALIAS}-2039.03", 2_183_500_000
"""A month that no other test has events of."""
LOG = BusLog(f"sinks-{os.getpid()}", "id-of-the-topic")


def records(*values: bytes, topic: str = LOG.topic, first: int = 0) -> list[Message]:
    return [
        Message(topic=topic, partition=0, offset=first + number, value=value, timestamp=(1, 1_753_369_484_000))
        for number, value in enumerate(values)
    ]


@contextmanager
def search_client(servers: Stack, user: str) -> Iterator[Elasticsearch]:
    password = servers.secrets.reveal(f"elasticsearch_{user}_password")
    with elasticsearch_sink.connect(ElasticsearchSettings.load(), user, password, 1) as client:
        yield client


@pytest.fixture
def superuser(servers: Stack) -> Iterator[Elasticsearch]:
    """The server's superuser; the month's index is gone before and after."""
    with search_client(servers, "elastic") as client:
        client.indices.delete(index=MONTH, ignore_unavailable=True)
        yield client
        client.indices.delete(index=MONTH, ignore_unavailable=True)


@pytest.fixture
def search_sink(servers: Stack) -> Iterator[ElasticsearchSink]:
    """The indexer's sink, with the indexer's rights. Its marks go: who is forgotten is looked for in their topics."""
    with search_client(servers, "indexer") as client:
        yield ElasticsearchSink(client, ALIAS, "the search store", forgotten())
    with search_client(servers, "elastic") as client:
        client.indices.refresh(index=PROGRESS_INDEX)
        for mark in client.search(index=PROGRESS_INDEX, query={"term": {"topic": LOG.topic}})["hits"]["hits"]:
            client.delete(index=PROGRESS_INDEX, id=mark["_id"])


@pytest.fixture
def raw_sink(servers: Stack) -> Iterator[MongoSink]:
    """The landing's sink into a collection of its own."""
    settings, name = MongoSettings.load(), f"sinks_{os.getpid()}"
    client = mongo_sink.connect(settings, "landing", servers.secrets.reveal("mongo_landing_password"), 1)
    yield MongoSink(client, settings.mongo_db, name, "the raw store", forgotten())
    for collection in client[settings.mongo_db].list_collection_names(filter={"name": {"$regex": f"^{name}"}}):
        client[settings.mongo_db].drop_collection(collection)
    client.close()


EVENT = b'{"time_stamp":%d,"resolution":"1080"}' % IN_THAT_MONTH


@pytest.mark.parametrize("block", ["write", "read_only", "read_only_allow_delete"])
def test_a_blocked_index_is_waited_for(superuser: Elasticsearch, search_sink: ElasticsearchSink, block: str) -> None:
    assert search_sink.write(records(EVENT)).stored == 1
    superuser.indices.put_settings(index=MONTH, settings={f"index.blocks.{block}": True})
    with pytest.raises(UnavailableError, match="blocked by"):
        search_sink.write(records(EVENT, EVENT))
    superuser.indices.put_settings(index=MONTH, settings={f"index.blocks.{block}": None})
    written = search_sink.write(records(EVENT, EVENT))
    assert (written.stored, written.already, written.dead) == (1, 1, [])


def test_a_closed_index_is_waited_for(superuser: Elasticsearch, search_sink: ElasticsearchSink) -> None:
    search_sink.write(records(EVENT))
    superuser.indices.close(index=MONTH)
    with pytest.raises(UnavailableError, match="index_closed_exception"):
        search_sink.write(records(EVENT, EVENT))
    superuser.indices.open(index=MONTH)
    written = search_sink.write(records(EVENT, EVENT))
    assert (written.stored, written.already, written.dead) == (1, 1, [])


def test_only_the_document_that_the_mapping_refuses_is_dead(
    superuser: Elasticsearch, search_sink: ElasticsearchSink
) -> None:
    superuser.indices.create(index=MONTH, mappings={"properties": {"resolution": {"type": "integer"}}})
    written = search_sink.write(records(EVENT, EVENT.replace(b"1080", b"wide"), EVENT))
    ((message, fault),) = written.dead
    assert (written.stored, message.offset(), fault.reason) == (2, 1, Reason.REFUSED_BY_ELASTICSEARCH)
    assert "wide" in fault.detail


def test_the_indexer_goes_on_by_itself_where_a_block_is_lifted(superuser: Elasticsearch, pipeline: Pipeline) -> None:
    pipeline.produce_events([view(1, time_stamp=IN_THAT_MONTH)])
    pipeline.run("kafka.mirror")
    pipeline.run("kafka.indexer")
    pipeline.produce_events([view(n, time_stamp=IN_THAT_MONTH) for n in range(2, 5)])
    pipeline.run("kafka.mirror")
    superuser.indices.put_settings(index=MONTH, settings={"index.blocks.write": True})
    indexer = pipeline.start("kafka.indexer")
    assert "blocked by" in wait_for_line(indexer, "waits for its store")
    superuser.indices.put_settings(index=MONTH, settings={"index.blocks.write": None})
    assert indexer.wait(120) == 0
    superuser.indices.refresh(index=MONTH)
    assert superuser.count(index=MONTH)["count"] == 4
    letters = read_dead_letters(pipeline.local_client("operator"), pipeline.environment["DEAD_LETTER_TOPIC"])
    assert list(letters) == []


def test_documents_of_before_are_rewritten_by_the_rules_of_today(
    servers: Stack, superuser: Elasticsearch, search_sink: ElasticsearchSink
) -> None:
    event = EVENT.replace(b"{", b'{"device_id":"02928c22","current_url":"https://shop.example.com/reset/5f2c",')
    assert search_sink.write(records(event, EVENT)).stored == 2
    superuser.indices.refresh(index=MONTH)
    hits = superuser.search(index=MONTH, sort="kafka.offset")["hits"]["hits"]
    before = {"device_id": "02928c22", "current_url": "https://shop.example.com/reset/5f2c"}
    superuser.update(index=MONTH, id=hits[0]["_id"], doc=before, refresh=True)
    with search_client(servers, "operator") as operator:
        assert rewrite_documents(operator, MONTH, KEY) == (2, 1)
        assert rewrite_documents(operator, MONTH, KEY) == (2, 0)
    found = superuser.search(index=MONTH, sort="kafka.offset")["hits"]["hits"]
    assert [hit["_source"] for hit in found] == [hit["_source"] for hit in hits]
    assert superuser.count(index=MONTH, query={"term": {"device_id": "02928c22"}})["count"] == 0


def keeps_marks(sink: Sink, other: Sink) -> None:
    assert sink.marks(LOG) == {}
    sink.setup(LOG)
    sink.reached(LOG, {0: StoreMark(100, LOG.topic_id, 3), 11: StoreMark(7, LOG.topic_id)})
    other.reached(LOG, {0: StoreMark(90, LOG.topic_id, 2)})
    other.reached(BusLog(LOG.topic, ""), {11: StoreMark(9)})
    assert other.marks(LOG) == {0: StoreMark(100, LOG.topic_id, 3), 11: StoreMark(9, LOG.topic_id)}
    sink.reached(LOG, {0: StoreMark(40, LOG.topic_id, 4, skipped=60)})
    assert other.marks(LOG)[0] == StoreMark(40, LOG.topic_id, 4, 60)
    anew = BusLog(LOG.topic, "another id")
    with pytest.raises(TerminalError, match="made anew"):
        other.setup(anew)
    with pytest.raises(TerminalError, match="made anew"):
        other.reached(anew, {0: StoreMark(1_000, anew.topic_id)})
    assert sink.marks(LOG)[0] == StoreMark(40, LOG.topic_id, 4, 60)
    assert sink.marks(BusLog(f"{LOG.topic}-other", "")) == {}


def test_the_raw_stores_marks_never_fall_and_belong_to_one_topic(servers: Stack, raw_sink: MongoSink) -> None:
    keeps_marks(raw_sink, raw_sink)


def test_the_search_stores_marks_never_fall_and_belong_to_one_topic(
    servers: Stack, superuser: Elasticsearch, search_sink: ElasticsearchSink
) -> None:
    with search_client(servers, "indexer") as client:
        keeps_marks(search_sink, ElasticsearchSink(client, ALIAS, "the search store", forgotten()))
    fields = superuser.indices.get_mapping(index=PROGRESS_INDEX)[PROGRESS_INDEX]["mappings"]
    assert fields["dynamic"] == "strict"


def test_the_indexer_may_keep_its_progress_and_nothing_else(servers: Stack) -> None:
    with search_client(servers, "indexer") as client:
        client.mget(index=PROGRESS_INDEX, ids=["x"])
        with pytest.raises(AuthorizationException):
            client.search(index=ALIAS)
        with pytest.raises(AuthorizationException):
            client.indices.delete(index=PROGRESS_INDEX)
        with pytest.raises(AuthorizationException):
            client.indices.put_settings(index=PROGRESS_INDEX, settings={"index.blocks.write": True})
    with search_client(servers, "reader") as client:
        client.search(index=PROGRESS_INDEX)  # what reconcile counts by
        with pytest.raises(AuthorizationException):
            client.index(index=PROGRESS_INDEX, id="x", document={})


def test_only_the_document_that_the_raw_store_refuses_is_dead(servers: Stack, raw_sink: MongoSink) -> None:
    database = raw_sink._collection.database
    database.create_collection(raw_sink._collection.name, validator={"event.price": {"$not": {"$type": "string"}}})
    raw_sink._collection.create_index("event.id", unique=True, partialFilterExpression={"event.id": {"$exists": True}})
    values = [b'{"price":"9.99","id":1}', b'{"price":9.99,"id":2}', b'{"id":2}', b"{}"]
    written = raw_sink.write(records(*values))
    assert (written.stored, written.already) == (2, 0)
    assert [(message.offset(), fault.reason) for message, fault in written.dead] == [
        (0, Reason.REFUSED_BY_MONGODB),
        (2, Reason.REFUSED_BY_MONGODB),
    ]
    again = raw_sink.write(records(*values))
    assert (again.stored, again.already, len(again.dead)) == (0, 2, 2)


def test_a_login_that_the_raw_store_refuses_meanwhile_is_waited_for(servers: Stack) -> None:
    settings, user, password = MongoSettings.load(), f"sinks_{os.getpid()}", os.urandom(16).hex()
    role = {"role": "readWrite", "db": settings.mongo_db}
    secret = servers.secrets.reveal("mongo_root_password")
    with MongoClient[Document](settings.mongo_host, settings.mongo_port, username="root", password=secret) as server:
        server.admin.command("createUser", user, pwd=password, roles=[role])
        # The local server asks for rights at the login only: no connection is used twice.
        login = {"username": user, "password": password, "maxIdleTimeMS": 1}
        client = MongoClient[Document](settings.mongo_host, settings.mongo_port, **login)  # type: ignore[arg-type]
        try:
            sink = MongoSink(client, settings.mongo_db, user, "the raw store", forgotten())
            assert sink.write(records(b"{}")).stored == 1
            server.admin.command("updateUser", user, pwd="another")
            sleep(0.1)
            with pytest.raises(UnavailableError, match="taken before"):
                sink.write(records(b"{}", b"{}"))
            server.admin.command("updateUser", user, pwd=password)
            written = sink.write(records(b"{}", b"{}"))
            assert (written.stored, written.already, written.dead) == (1, 1, [])
        finally:
            server.admin.command("dropUser", user)
            server[settings.mongo_db].drop_collection(user)
            client.close()


def test_an_event_is_read_back_as_sent_whatever_its_keys_mean_to_a_driver(servers: Stack, pipeline: Pipeline) -> None:
    odd = view(1) | {"$ref": "x", "$id": 12, "": {"": 1}, "a.b": {"$set": 1}}
    pipeline.produce_events([odd], partition=0)
    pipeline.run("kafka.mirror")
    pipeline.run("kafka.landing")
    checked = pipeline.run("utilities.python_check_mongo")
    assert '"$ref": "x"' in checked
    assert '"product_id"' in checked
