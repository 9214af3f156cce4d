"""The right to be forgotten: a visitor leaves every store, and no number breaks."""

import json
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from kafka.dead_letters.letter import read_dead_letters
from kafka.feeds.declaration import feeds_beside_main
from migrations.facts import persons
from tests.events import act, order, view, views
from tests.pipeline import Pipeline
from utilities.erasure.visitor import Visitor

pytestmark = pytest.mark.servers

# Of this test alone: all collections and topics are searched. No hash has ten such digits by chance.
USER, DEVICE = "1047110815", "5f0c6a52-7f37-4d57-8f2e-0a1b2c3d4e5f"
ENGRAVED = {"option_label": "engraving", "value_label": "Jane & Tom 12.05.2024", "option_id": "1", "value_id": "1"}
OTHERS = views(24, first=1000)

OF_OTHER_FEEDS = (
    "dim_user",
    "fact_purchase",
    "fact_page_click",
    "fact_customer_event",
    "fact_session_step",
    "etl.rejected_feed_event",
)
"""Tables that tell of users of the other feeds."""


def events_of_user() -> list[dict[str, object]]:
    own = {"user_id_db": USER, "email_address": "jane@example.com", "device_id": DEVICE}
    acts = [
        order(20, 99, 80001, **own),
        act(21, "add_to_cart_action", price="10.00", **own),
        act(22, "search_box_action", key_search="ring for jane", **own),
        act(23, "product_detail_recommendation_clicked", **own),
        view(24, product_id="", **own),
    ]
    acts[4] |= {"referrer_url": "https://www.shop.example.de/customer/jane@example.com/confirm"}
    acts.append(view(25, product_id="80500", referrer_url=acts[4]["referrer_url"], option=[ENGRAVED], **own))
    return [*(view(n, product_id="80500", **own) for n in range(10)), view(3, product_id="80500", **own), *acts]


def left_by_store(printed: str) -> dict[str, tuple[int, int]]:
    """The table's rows: store, found, left."""
    rows = re.findall(r"^(\S.*?) +(\d+) +(\d+)$", printed, re.MULTILINE)
    return {store: (int(found), int(left)) for store, found, left in rows}


def load(pipeline: Pipeline, *stages: str) -> None:
    for stage in stages:
        pipeline.run(stage)


def everything(pipeline: Pipeline) -> str:
    """All that MongoDB, Elasticsearch and the warehouse hold of the pipeline, as text."""
    with pipeline.raw() as raw, pipeline.search() as client:
        texts = [str(list(each.find({}))) for each in (raw, raw.database[f"{raw.name}_second"])]
        query = {"term": {"kafka.topic": pipeline.topic}}
        texts.append(str(client.search(index="product-views", query=query, size=1000)["hits"]["hits"]))
    for table in ("etl.rejected_event", "dim_device", *persons()):
        texts.append(str(pipeline.rows(f"SELECT t::text FROM {table} AS t")))
    return " ".join(texts)


def bytes_of_dead_letters(pipeline: Pipeline) -> set[bytes]:
    config, topic = pipeline.local_client("admin"), pipeline.environment["DEAD_LETTER_TOPIC"]
    return {letter.value for letter in read_dead_letters(config, topic) if letter.value is not None}


def lose_raw_store(pipeline: Pipeline) -> None:
    with pipeline.raw() as raw:
        raw.database[f"{raw.name}_landing_watermarks"].drop()
        raw.drop()


def test_a_forgotten_user_is_in_no_store_and_every_number_still_holds(forgetting: Pipeline, tmp_path: Path) -> None:
    pipeline = forgetting
    guest = [view(n, device_id=DEVICE) for n in range(40, 43)]
    own = events_of_user()
    late = view(30, user_id_db=USER, device_id=DEVICE)
    unreadable = json.dumps({**view(31, user_id_db=USER), "counter": 2**70}).encode()
    shared = [view(n, product_id="80500") for n in range(50, 53)]
    pipeline.produce_events([*own, *guest, *OTHERS, *shared])
    nameless = f'{{"user_id_db":"{USER}", broken'.encode()
    pipeline.produce([(None, unreadable), (USER.encode(), b"broken"), (None, nameless)], partition=0)
    load(pipeline, "kafka.mirror", "kafka.landing", "kafka.indexer", "etl")
    pipeline.reconcile()
    second = {"MONGO_COLLECTION": f"{pipeline.environment['MONGO_COLLECTION']}_second"}
    pipeline.run("kafka.landing", **second)
    pipeline.produce_events([late], partition=1)
    load(pipeline, "kafka.mirror")

    told = tmp_path / "id.txt"
    told.write_text(f" {USER}\n")
    key = SecretStr(pipeline.servers.secrets.reveal("visitor_hash_key"))
    user, device = (str(Visitor.of(identity, key).hash) for identity in (USER, DEVICE))
    assert user in everything(pipeline)
    lost = pipeline.value("INSERT INTO etl.run (mode) VALUES ('incremental') RETURNING run_id")
    blind = pipeline.attempt(
        "utilities.forget_visitor", "--user-id-file", str(told), "--yes", VISITOR_HASH_KEY="a key of another warehouse"
    )
    assert blind.returncode == 1 and "another VISITOR_HASH_KEY" in blind.stderr
    # A leak that no list of tables knows: the proof finds it.
    plant = "UPDATE dim_device SET os = {} WHERE device_key = -1 RETURNING 1"
    pipeline.rows(plant.format("'of Jane@example.com'"))
    first = pipeline.attempt("utilities.forget_visitor", "--user-id-file", str(told), "--yes")
    found = left_by_store(first.stdout)
    assert found.pop("bus") == (21, 21), first.stdout + first.stderr
    assert "public.dim_device: a text of the visitor is left in 1" in first.stdout
    pipeline.rows(plant.format("NULL"))
    assert pipeline.value("SELECT count(*) FROM dim_option WHERE option_label = 'engraving'") == 0
    assert pipeline.value("SELECT count(*) FROM dim_option_group WHERE choices LIKE '%engraving%'") == 0
    assert pipeline.value("SELECT count(*) FROM dim_referrer WHERE referrer_url LIKE '%/customer/%'") == 0
    assert first.returncode == 1 and "the topic keeps its records for ever" in first.stdout
    assert f"device {DEVICE} has 3 events without a login" in first.stdout
    assert {store: left for store, (_, left) in found.items() if left} == {}
    feeds = tuple(feed.name for feed in feeds_beside_main())
    assert {store: before for store, (before, _) in found.items() if not store.startswith(feeds)} == {
        "MongoDB": 2 * 17,
        "Elasticsearch": 17,
        "dead letters": 9,
        "fact_event": 18,
        "fact_product_view_event": 14,
        "fact_cart_event": 1,
        "fact_search": 1,
        "fact_recommendation": 1,
        "fact_session": 1,
        "fact_order": 1,
        "etl.rejected_event": 1,
        "etl.carried_event": 0,
        "dim_device": 0,
        "archived files": 0,
        **dict.fromkeys(OF_OTHER_FEEDS, 0),
    }
    assert pipeline.value("SELECT status FROM etl.run WHERE run_id = %s", lost) == "crashed"
    pipeline.reconcile()
    # What the guest did before the login was the user's session, and is now the device's.
    assert pipeline.rows("SELECT events, person = visitor FROM fact_session WHERE visitor = %s", device) == [(3, True)]
    text = everything(pipeline)
    assert user not in text and device in text
    assert USER not in text.replace(pipeline.topic, "") and "jane" not in text and DEVICE in text
    daily = "SELECT sum(view_count)::int FROM fact_product_views JOIN dim_product USING (product_key) WHERE product_id"
    assert pipeline.value(f"{daily} = '80500'") == 3
    sketch = "SELECT sum(hll_cardinality(visitors)) FROM fact_product_visitors JOIN dim_product USING (product_key)"
    assert round(pipeline.value(f"{sketch} WHERE product_id = '80500'")) == 3

    # What had not landed yet does so without the event; a refresh finds what the ledger says.
    load(pipeline, "kafka.landing", "kafka.indexer", "etl")
    pipeline.reconcile()
    pipeline.run("etl", "--full-refresh")
    assert pipeline.reconcile()["totals"]["loaded"] == len(guest) + len(OTHERS) + len(shared)

    # The bus still holds the records: landing everything again brings back the others' events only, and the one dead
    # letter that neither an event nor a key tells apart. A list that was lost in the warehouse is on the bus.
    with pipeline.raw() as raw:
        landed = raw.count_documents({})
        pipeline.rows("DELETE FROM etl.forgotten_visitor RETURNING 1")
        emptied = pipeline.run("utilities.delete_mongo_data", "--yes")
        assert "stay, so that their events do not land again" in emptied
        assert "1 dead letters of forgotten visitors will be written again" in emptied
        assert raw.count_documents({}) == 18
        pipeline.run("kafka.landing")
        assert raw.count_documents({}) == landed
    assert USER not in everything(pipeline).replace(pipeline.topic, "")
    assert bytes_of_dead_letters(pipeline) == {nameless}
    pipeline.reconcile()

    # With the emptied documents and the bus's list lost, the warehouse's list keeps the user away.
    assert pipeline.value("SELECT count(*) FROM etl.forgotten_visitor") == 2
    anew = {"FORGOTTEN_TOPIC": f"{pipeline.topic}-forgotten-anew"}
    pipeline.run("utilities.bootstrap", "--only", "kafka", **anew)
    lose_raw_store(pipeline)
    pipeline.run("kafka.landing", **anew)
    with pipeline.raw() as raw:
        assert raw.count_documents({}) == landed
    assert USER not in everything(pipeline).replace(pipeline.topic, "")
    pipeline.reconcile()

    last = pipeline.attempt("utilities.forget_visitor", "--user-id", USER, "--yes", "--truncate-bus")
    assert last.returncode == 0, last.stdout + last.stderr
    assert left_by_store(last.stdout)["bus"] == (21, 0)
    assert re.search(r"looked for \d+ texts of the visitor in every column, field and byte: none is left", last.stdout)
    pipeline.reconcile()
    assert USER not in everything(pipeline).replace(pipeline.topic, "")
    done = pipeline.attempt("utilities.forget_visitor", "--device-id", DEVICE, "--yes", "--truncate-bus")
    assert done.returncode == 0, done.stdout + done.stderr
    assert DEVICE not in everything(pipeline)
    pipeline.reconcile()
