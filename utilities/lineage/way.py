"""The way of one record of the bus, stage by stage: what each store holds of it, and where it stopped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from confluent_kafka import Message
from pymongo.errors import PyMongoError

from config.errors import MillraceError
from config.operator_logins import OperatorKafkaSettings, SearchReaderSettings, SourceReaderSettings
from kafka.dead_letters.index import DeadLetterIndex, LetterHead
from kafka.dead_letters.letter import API, BUS, Origin, read_dead_letters, replayed_from
from kafka.partition_reader import read_record
from kafka.position import BusPosition, bus_position, parse_position
from kafka.posted import sent_by
from kafka.record_time import time_of
from kafka.topics import TopicIdentity, topic_identity
from utilities.lineage.event_identity import event_id_of
from utilities.lineage.search_documents import SearchDocument, document_at
from utilities.lineage.source_offset import find_source_offset
from utilities.lineage.warehouse_lineage import Row, WarehouseLineage
from utilities.stores.raw_store import RawStore, raw_store_error


@dataclass(frozen=True)
class Step:
    """What one stage has of the event: a sentence, and the facts in it by name."""

    stage: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """The steps of one record; `outcome` is loaded, duplicate, rejected, dead letter, erased, removed, ..."""

    position: BusPosition
    event_id: str | None
    outcome: str
    steps: list[Step]


class Stores:
    """The stores that are asked for each record; the dead letters are read once."""

    def __init__(self, raw: RawStore, warehouse: WarehouseLineage) -> None:
        self.raw, self.warehouse = raw, warehouse
        self.bus = OperatorKafkaSettings.load()
        self._source = SourceReaderSettings.load()
        self._search = SearchReaderSettings.load()
        self._letters: DeadLetterIndex | None = None
        self._topics: dict[str, TopicIdentity] = {}

    def letters(self) -> DeadLetterIndex:
        """Every dead letter, without its bytes."""
        if self._letters is None:
            self._letters = DeadLetterIndex.read(self.bus.client(), self.bus.dead_letter_topic)
        return self._letters

    def _topic(self, topic: str) -> TopicIdentity:
        if topic not in self._topics:
            self._topics[topic] = topic_identity(self.bus.client(), topic)
        return self._topics[topic]

    def document(self, position: BusPosition) -> dict[str, Any] | None:
        """The landed document of a position."""
        try:
            return self.raw.document(position)
        except PyMongoError as error:
            raise raw_store_error(self.raw.address, error) from error

    def indexed(self, position: BusPosition) -> SearchDocument | None:
        """The Elasticsearch document of a position."""
        return document_at(self._search, bus_position(*position))

    def source_step(self, record: Message | None, position: BusPosition) -> Step:
        """Where the record stands at the source; one that was published again came from its dead letter."""
        original = None if record is None else replayed_from(record, self._topic(position.topic))
        if original is not None:
            return Step("source", f"published again from dead letter {original}", {"replay_of": original})
        if record is None:
            return Step("source", "cannot be told: the record has left the bus")
        key_id = sent_by(record, self._topic(position.topic))
        if key_id is not None:
            return Step("source", f"posted to the API with key {key_id}", {"key_id": key_id})
        source = self._source
        try:
            found = find_source_offset(self.bus.client(), source.client(), source.source_topic, record)
        except MillraceError as error:
            return Step("source", f"cannot be told: {error}")
        if found.offset is None:
            return Step("source", found.problem)
        facts = {"topic": source.source_topic, "partition": position.partition, "offset": found.offset}
        return Step("source", "{topic} partition {partition} offset {offset}".format(**facts), facts)


def way_of(stores: Stores, position: BusPosition) -> Way:
    """Ask every store for one position; raises what the first that is away or refuses makes of it.

    `source:` before the topic's name asks for a record that the mirror refused, by its position at the source.
    """
    if ":" in position.topic:
        return _way_at_source(stores, position)
    record = read_record(stores.bus.client(), position)
    document, indexed = stores.document(position), stores.indexed(position)
    event = (document or {}).get("event") or (indexed.source.get("event") if indexed else None)
    event_id = event_id_of(event) if isinstance(event, Mapping) and event else None
    loaded = stores.warehouse.event(event_id) if event_id else None
    if loaded is None and not event:
        loaded = stores.warehouse.event_at(position)
        event_id = loaded["event_id"].hex if loaded else None
    steps = [stores.source_step(record, position), _bus_step(record, position)]
    letters = stores.letters().at(Origin(BUS, position))
    steps += [_dead_letter_step(letter) for letter in letters]
    steps += [_raw_step(stores, document, position), _search_step(indexed)]
    outcome, told = _outcome(stores, position, document, loaded)
    steps += told
    if outcome == "loaded" and loaded is not None:
        steps += _fact_steps(stores.warehouse, loaded)
    is_dead = outcome == "not landed" and letters
    return Way(position, event_id, "dead letter" if is_dead else outcome, steps)


def position_of(row: Row) -> BusPosition:
    """The position in a row of the warehouse."""
    return BusPosition(row["bus_topic"], row["bus_partition"], row["bus_offset"])


def letters_of_event(stores: Stores, spellings: list[str]) -> list[BusPosition]:
    """Positions of dead letters whose bytes hold the event's id, the mirror's with `source:` before the topic."""
    wanted = [spelling.encode() for spelling in spellings]
    origins = (
        letter.origin
        for letter in read_dead_letters(stores.bus.client(), stores.bus.dead_letter_topic)
        if any(spelling in (letter.value or b"") for spelling in wanted)
    )
    return [
        position if cluster == BUS else position._replace(topic=f"{cluster}:{position.topic}")
        for cluster, position in dict.fromkeys(origins)
    ]


def search_position(document: SearchDocument) -> BusPosition:
    """The position that a document of Elasticsearch is named by."""
    return parse_position(document.id)


def _way_at_source(stores: Stores, position: BusPosition) -> Way:
    cluster, _, topic = position.topic.partition(":")
    at_source = position._replace(topic=topic)
    index = stores.letters()
    # Without an id, those of every topic that had the name.
    letters = [head for origin in index.origins(cluster, at_source) for head in index.at(origin)]
    facts = at_source._asdict()
    where = "{topic} partition {partition} offset {offset}" if cluster != API else "posted to the API for {topic}"
    steps = [Step("source", where.format(**facts), facts)]
    steps += [_dead_letter_step(letter) for letter in letters]
    return Way(position, None, "dead letter" if letters else "not landed", steps)


def _bus_step(record: Message | None, position: BusPosition) -> Step:
    where = {"topic": position.topic, "partition": position.partition, "offset": position.offset}
    text = "{topic} partition {partition} offset {offset}".format(**where)
    if record is None:
        return Step("bus", f"{text}: no longer there, or never a record", {**where, "there": False})
    at = time_of(record.timestamp()[1])
    size = len(record.value() or b"")
    return Step("bus", f"{text}, {_time(at)}, {size:,} bytes", {**where, "there": True, "timestamp": at, "bytes": size})


def _dead_letter_step(letter: LetterHead) -> Step:
    facts = {"stage": letter.stage, "reason": letter.reason, "detail": letter.detail, "status": letter.status}
    return Step("dead letter", "refused by the {stage}: {reason} ({detail}); {status}".format(**facts), facts)


def _raw_step(stores: Stores, document: dict[str, Any] | None, position: BusPosition) -> Step:
    if document is None:
        removal = stores.warehouse.raw_removal(position)
        if removal is not None:
            text = f"gone since {_time(removal['removed_at'])}: by retention or delete-raw"
            return Step("MongoDB", text, dict(removal))
        return Step("MongoDB", "no document")
    facts = {"_id": document["_id"], "landed_at": document.get("landed_at")}
    if "erased_at" in document:
        return Step(
            "MongoDB",
            f"{document['_id']}, erased at {_time(document['erased_at'])}: the position is kept, not the event",
            {**facts, "erased_at": document["erased_at"]},
        )
    kind = (document.get("event") or {}).get("collection")
    return Step("MongoDB", f"{document['_id']}, {kind}, landed at {_time(facts['landed_at'])}", {**facts, "kind": kind})


def _search_step(indexed: SearchDocument | None) -> Step:
    if indexed is None:
        return Step("Elasticsearch", "no document")
    facts = {"_index": indexed.index, "_id": indexed.id}
    return Step("Elasticsearch", "{_index} / {_id}".format(**facts), facts)


def _outcome(
    stores: Stores, position: BusPosition, document: dict[str, Any] | None, loaded: Row | None
) -> tuple[str, list[Step]]:
    """What became of the record in the warehouse, and the steps that say so."""
    warehouse = stores.warehouse
    if loaded is not None and position_of(loaded) == position:
        return "loaded", [_run_step(warehouse.run(loaded["run_id"]))]
    if (rejected := warehouse.rejection(position)) is not None:
        facts = {name: rejected[name] for name in ("rule", "field", "value", "kind", "event_date", "run_id")}
        text = "rejected by rule {rule}: {field} is {value!r}".format(**facts)
        return "rejected", [_run_step(warehouse.run(rejected["run_id"])), Step("warehouse", text, facts)]
    reached = warehouse.loaded_until(position)
    if position.offset >= reached:
        outcome, text = ("not loaded yet", "not loaded yet") if document else ("not landed", "never landed")
        return outcome, [Step("warehouse", f"{text}: the ETL has reached offset {reached}", {"next_offset": reached})]
    run = _run_step(warehouse.run_of(position))
    if loaded is not None:
        first = bus_position(*position_of(loaded))
        text = f"duplicate of {first}, which run {loaded['run_id']} loaded"
        return "duplicate", [run, Step("warehouse", text, {"duplicate_of": first})]
    if document is not None and "erased_at" in document:
        return "erased", [run, Step("warehouse", "erased with its visitor")]
    if document is None and warehouse.raw_removal(position) is None:
        return "not landed", [Step("warehouse", "never landed: a dead letter, or the mark of a transaction")]
    kept_from = warehouse.facts_kept_from()
    if kept_from:
        text = f"no fact: of another kind, or of a month before {kept_from} that retention removed"
        return "removed", [run, Step("warehouse", text, {"facts_kept_from": kept_from})]
    return "other kind", [run, Step("warehouse", "of no kind that the warehouse knows")]


def _run_step(run: Row | None) -> Step:
    if run is None:
        return Step("run", "unknown to the ledger")
    finished = _time(run["finished_at"]) if run["finished_at"] else "not finished"
    return Step("run", f"{run['run_id']} ({run['mode']}), finished at {finished}", dict(run))


def _fact_steps(warehouse: WarehouseLineage, event: Row) -> list[Step]:
    text = f"{event['event_id']}, {event['kind']}, {_time(event['event_time'])}, day {event['date_key']}"
    steps = [Step("fact_event", text, dict(event))]
    fact = warehouse.fact(event)
    if fact is not None:
        table, row = fact
        steps.append(Step(table, _brief(row, ("event_id", "product_key", "country_key", "referrer_key")), dict(row)))
        if table == "fact_product_view_event":
            steps += _daily_steps(warehouse, row)
    for table, known in (("fact_session", warehouse.session(event)), ("fact_order", warehouse.order(event))):
        if known is not None:
            steps.append(Step(table, _brief(known, tuple(known)), dict(known)))
    return steps


def _daily_steps(warehouse: WarehouseLineage, view: Row) -> list[Step]:
    """The daily rows that a product view counts in: by device, and by type."""
    by_device = ("date_key", "product_id", "store_id", "referrer_key", "device_key", "view_count")
    by_type = ("date_key", "product_key", "country_key", "referrer_type", "device_type", "is_bot", "views")
    found = (
        ("fact_product_views", warehouse.daily(view), by_device),
        ("fact_daily_product_views", warehouse.daily_by_type(view), by_type),
    )
    return [Step(table, _brief(daily, named), dict(daily)) for table, daily, named in found if daily is not None]


def _brief(row: Row, names: tuple[str, ...]) -> str:
    shown = ((name, row[name]) for name in names if row.get(name) is not None)
    return ", ".join(f"{name} {_time(value) if isinstance(value, datetime) else value}" for name, value in shown)


def _time(at: Any) -> str:
    """UTC to the second; MongoDB's times come without a zone and are UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if isinstance(at, datetime) else "an unknown time"
