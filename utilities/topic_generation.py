"""Generations of the local topic: which one each stage knows, and how the next one is begun."""

import json
import os
import re
import sys
from unittest.mock import patch

from confluent_kafka.admin import AdminClient
from pymongo.errors import PyMongoError
from rich.table import Table
from tenacity import retry_if_result

from config.console import result_console
from config.errors import TerminalError
from config.kafka_client import ClientConfig
from config.operator_logins import OperatorKafkaSettings, SearchReaderSettings, WarehouseSettings
from config.secret_settings import SecretSettings
from config.settings import environment_file
from kafka.client import RefusedLogin, find_topic
from kafka.log_reader import read_to_end
from kafka.mirror.lanes import first_sight, until_spread
from kafka.topics import topic_id
from utilities.bootstrap.kafka import prepare_local_kafka
from utilities.erasure.forgotten_list import synchronise_list
from utilities.local_servers.environment import set_variable
from utilities.reconciliation.search_figures import indexed_marks
from utilities.stores.raw_store import RawStore, raw_store_error
from utilities.stores.warehouse import warehouse_connection

CONNECT_SECONDS = 30.0
LONGEST_NAME = 249
"""Characters of a topic's name (Kafka's `Topic.MAX_NAME_LENGTH`)."""
FORGOTTEN_OR_REMOVED = """
SELECT (SELECT greatest(count(*) - 1, 0) FROM etl.forgotten_visitor),
       (SELECT count(*) FROM etl.run WHERE mode = 'erasure' AND started_at < coalesce(
           (SELECT min(forgotten_at) FROM etl.forgotten_visitor), 'infinity')),
       EXISTS (SELECT FROM etl.removed WHERE what = 'raw events')
"""
"""Of the list one entry is nobody's; it says since when there is a list."""
LOADED_IDS = "SELECT DISTINCT topic_id FROM etl.watermark WHERE bus_topic = %s AND topic_id <> ''"
EFFECT = """\
{topic} was {became}; what was landed, indexed and loaded of it stays as it is, under its own positions.
DESTINATION_TOPIC becomes {following}: the mirror copies the source into it from the source's first record on, and the
stages below follow. Events that are loaded already are known by their id and are counted as duplicates; in
Elasticsearch the field kafka.topic tells the generations apart. What stands in the new {topic} is not read.
"""

LISTED = """\
Forgotten visitors are on the list ({listed}): no store takes up what the source still holds of them. The new topic has
these records until its retention, or ./millrace forget-visitor --truncate-bus for each of them again, removes them.
"""
FORGOTTEN = """\
Visitors were forgotten before there was that list (erasures in the ledger: {erasures}), and no store knows any more who
they were. What the source still holds of them comes back with the new topic and is loaded as new: run ./millrace
forget-visitor for each of them again before the stages, which puts them on the list.
"""
REMOVED = """\
Retention has removed raw events. Those that the source still holds land again, with the present as their landing time.
"""


def next_name(topic: str) -> str:
    """`product_views` -> `product_views.2` -> `product_views.3`; raises TerminalError where the name gets too long."""
    numbered = re.fullmatch(r"(.+)\.(\d{1,6})", topic)
    following = f"{numbered[1]}.{int(numbered[2]) + 1}" if numbered else f"{topic}.2"
    if len(following) > LONGEST_NAME:
        raise TerminalError(f"{following} is no name of a topic: it has more than {LONGEST_NAME} characters")
    return following


def start_next_generation(truncated: bool, dry_run: bool, yes: bool) -> int:
    """Show what each stage knows, and begin the next generation where one knows another topic; 1 where it is refused.

    Raises AccessError or UnavailableError for the first server that refuses or is away.
    """
    settings = OperatorKafkaSettings.load()
    topic = settings.destination_topic
    there = _id_now(settings)
    known = _known_ids(settings)
    _print(topic, there, known)
    is_known = all(found == there for ids in known.values() for found in ids)
    if is_known and not truncated:
        print(f"every stage that has seen {topic} knows the one that is there: nothing to do")
        return 0
    following = next_name(topic)
    print(EFFECT.format(topic=topic, following=following, became=_became(there, is_known)))
    print(returning(*_forgotten_or_removed()), end="")
    if dry_run:
        return 0
    if not yes and not _confirmed(following):
        print("nothing was changed")
        return 1
    _begin(following)
    return 0


def _id_now(settings: OperatorKafkaSettings) -> str | None:
    """The id of the topic that has the name now; None where no look for a while, at any broker, tells of one."""
    config, topic = settings.client(), settings.destination_topic
    refused = RefusedLogin(config)
    admin = AdminClient(dict(config), error_cb=refused)
    doing = f"looking for topic {topic} at {settings.kafka_brokers}"
    missing = retry_if_result(lambda found: found is None)
    if until_spread(missing, lambda: find_topic(admin, topic, refused, doing, CONNECT_SECONDS)) is None:
        return None
    return first_sight(lambda: topic_id(admin, topic))


def _known_ids(settings: OperatorKafkaSettings) -> dict[str, set[str]]:
    """By stage, the ids of the topic of this name that it has worked on; empty where it has not, or was told none."""
    topic, warehouse = settings.destination_topic, WarehouseSettings.load()
    with RawStore.connect() as store:
        try:
            landed = {mark.topic_id for (of, _), mark in store.marks().items() if of == topic}
        except PyMongoError as error:
            raise raw_store_error(store.address, error) from error
    with warehouse_connection(warehouse, warehouse.postgres_user, warehouse.postgres_password) as connection:
        loaded = {row[0] for row in connection.execute(LOADED_IDS, [topic])}
    mirrored = _mirrored_ids(settings.client(), settings.mirror_offsets_topic, topic)
    indexed = {mark.topic_id for mark in indexed_marks(SearchReaderSettings.load(), topic).values()}
    return {"mirror": mirrored, "landing": landed - {""}, "indexer": indexed - {""}, "ETL": loaded}


def _forgotten_or_removed() -> tuple[int, int, bool, bool]:
    """Visitors on the list, erasures from before it, and whether there are emptied documents and removed raw events."""
    warehouse = WarehouseSettings.load()
    with warehouse_connection(warehouse, warehouse.postgres_user, warehouse.postgres_password) as connection:
        row = connection.execute(FORGOTTEN_OR_REMOVED).fetchone() or (0, 0, False)
    with RawStore.connect() as store:
        try:
            emptied = store.collection.find_one({"erased_at": {"$exists": True}}, {"_id": 1}) is not None
        except PyMongoError as error:
            raise raw_store_error(store.address, error) from error
    return int(row[0]), int(row[1]), emptied, bool(row[2])


def returning(listed: int, erasures: int, emptied: bool, removed: bool) -> str:
    """What the source may bring back with a new topic; empty where there is nothing."""
    told = LISTED.format(listed=listed) if listed else ""
    if erasures or (emptied and not listed):
        told += FORGOTTEN.format(erasures=erasures)
    return told + (REMOVED if removed else "")


def _mirrored_ids(config: ClientConfig, offsets_topic: str, topic: str) -> set[str]:
    newest: dict[bytes, str] = {}
    for message in read_to_end(config, offsets_topic):
        key, value = message.key() or b"", json.loads(message.value() or b"{}")
        if json.loads(key).get("destination_topic") == topic and "destination_id" in value:
            newest[key] = value["destination_id"]
    return {found for found in newest.values() if found}


def _print(topic: str, there: str | None, known: dict[str, set[str]]) -> None:
    table = Table("who", f"knows {topic} as", "", box=None, pad_edge=False)
    table.add_row("the bus", there or "(there is none)", "")
    for stage, ids in known.items():
        verdict = "another topic" if ids - {there} else ""
        table.add_row(stage, ", ".join(sorted(ids)) or "(not seen yet)", verdict)
    result_console().print(table)


def _became(there: str | None, is_known: bool) -> str:
    if there is None:
        return "deleted"
    return "truncated" if is_known else "made anew"


def _begin(following: str) -> None:
    """Rights for the new topic first: should the rest fail, nothing has changed but them."""
    with patch.dict(os.environ, {"DESTINATION_TOPIC": following}):
        prepare_local_kafka(SecretSettings.load())
        synchronise_list()
    if "DESTINATION_TOPIC" in os.environ:
        print(f"set DESTINATION_TOPIC={following} where the environment sets it now, for every stage")
    else:
        set_variable(environment_file(), "DESTINATION_TOPIC", following)
        print(f"wrote DESTINATION_TOPIC={following} into {environment_file().name}")
    print("now run the stages again: mirror, landing, indexer, ETL")


def _confirmed(following: str) -> bool:
    if not sys.stdin.isatty():
        raise TerminalError("there is no terminal to ask on: give --yes to go on without asking")
    return input(f"go on with {following}? Type yes: ").strip().lower() == "yes"
