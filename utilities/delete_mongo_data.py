"""`python -m utilities.delete_mongo_data [--yes | --yes-lose N | --give-up]`: empty the raw store, to land it again.

The events stay on the bus: the landing's watermarks and its consumer group's offsets go with the documents, and the
next `./millrace land` lands everything again that retention has not removed. What the bus no longer holds would be
lost: it is counted first, and deleted only where `--yes-lose` names just that number; the warehouse then knows, as
after retention, from which day on it can be loaded again. The emptied documents of forgotten visitors stay, so that
their events do not come back. The warehouse keeps its facts and its own watermark. A landing that is started meanwhile
waits until the deletion has ended, and no run of the ETL, no retention and no erasure goes on beside it. Where it is
broken off before it has deleted anything, `--give-up` lets the landing begin.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from pymongo.errors import PyMongoError

from config.command_line import run_command
from config.errors import TerminalError
from config.kafka_client import ClientConfig
from config.operator_logins import OperatorKafkaSettings, WarehouseSettings
from kafka.client import explain
from kafka.dead_letters.index import DeadLetterIndex
from kafka.dead_letters.letter import ERASED
from kafka.forgotten import ForgottenVisitors
from kafka.partition_reader import records_at
from kafka.position import BusPosition
from kafka.record_time import recorded_ms
from kafka.sinks.landing_holds import why_held
from utilities.erasure.forgotten_list import synchronise_list
from utilities.retention.raw_events import OldPrefix, kept_raw, record_removed
from utilities.stores.emptying import (
    Emptying,
    begin_deleting,
    empty,
    emptying,
    give_up,
    hold_landing,
    kept_events,
    let_landing_begin,
)
from utilities.stores.raw_store import RawStore, raw_store_error
from utilities.stores.warehouse import operator_login

if TYPE_CHECKING:
    import psycopg

    from spark.ledger import Ledger

ADMIN_SECONDS = 15


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, count, ask, and delete; returns the exit status."""
    parser = argparse.ArgumentParser(prog="delete_mongo_data", description="Delete all landed events from MongoDB.")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--yes-lose", type=int, default=0, metavar="N", help="do not ask, and lose the N events that the bus lacks"
    )
    parser.add_argument(
        "--give-up", action="store_true", help="let the landing begin where a run was broken off before it deleted"
    )
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> int:
    bus = OperatorKafkaSettings.load()
    with RawStore.connect() as store:

        def counted() -> list[Emptying]:
            found = emptying(store, bus.client(), bus.destination_topic)
            _refuse_loss(store.name, found, options.yes_lose)
            return found

        try:
            if options.give_up:
                return _give_up(store)
            if not _agreed(options, bus, store, counted):
                print("nothing was deleted")
                return 1
            partitions, deleted = _delete(bus.client(), store, counted)
        except PyMongoError as error:
            raise raw_store_error(store.address, error) from error
    print(f"deleted {deleted:,} documents of {store.name}; the next landing starts {_beginning(partitions)}")
    kept = sum(each.kept for each in partitions)
    if kept:
        print(f"{kept:,} emptied documents of forgotten visitors stay, so that their events do not land again")
    return 0


def _agreed(
    options: argparse.Namespace, bus: OperatorKafkaSettings, store: RawStore, counted: Callable[[], list[Emptying]]
) -> bool:
    """Whether to delete, once the person was told what that means; nothing is locked and no landing held meanwhile."""
    holds = list(store.hold.find())
    if holds:
        print(f"no landing begins: {why_held(holds, store.name)}")
    partitions = counted()
    listed = synchronise_list()
    places = erased_on_the_bus(DeadLetterIndex.read(bus.client(), bus.dead_letter_topic), partitions)
    print(returning_letters(records_at(bus.client(), places), listed), end="")
    return bool(options.yes or options.yes_lose) or _confirmed(store.name, partitions)


def _ledger() -> "Ledger":
    # Not before the options are understood: it brings Spark along.
    from spark.ledger import Ledger

    return Ledger(operator_login(WarehouseSettings.load(), "delete-raw"))


def _give_up(store: RawStore) -> int:
    with _ledger():
        deleting = give_up(store)
    if deleting:
        raise TerminalError(
            f"documents of {store.name} may be gone since {deleting[0]['since']:%Y-%m-%dT%H:%M:%SZ}, and others on"
            " their way: run ./millrace delete-raw to its end; no landing begins until then"
        )
    print(f"nothing keeps a landing from {store.name}")
    return 0


def _delete(config: ClientConfig, store: RawStore, counted: Callable[[], list[Emptying]]) -> tuple[list[Emptying], int]:
    """Reset the landing's progress and delete what is `counted` once no landing can be running; it, and how many.

    What was counted before says nothing of what a landing has done until then. Broken off while it deletes, it leaves
    the landing held: the server may go on deleting for a while.
    """
    with _ledger() as ledger:
        hold = hold_landing(store)
        try:
            give_up(store, but=hold)
            _leave_group(config, store.landing_group)
            partitions = counted()
            _set_beginning(config, store.landing_group, partitions)
            # Raises where the lock of the runs was lost, and another command has had it since.
            ledger.transaction(lambda _: None)
            holds = begin_deleting(store, hold)
        except BaseException:
            let_landing_begin(store, [hold])
            raise
        try:
            ledger.transaction(partial(record_lost, store=store, partitions=partitions))
            deleted = empty(store, partitions, hold)
        except BaseException:
            print("no landing begins until ./millrace delete-raw has been run to its end", file=sys.stderr)
            raise
        let_landing_begin(store, holds)
    return partitions, deleted


def record_lost(connection: "psycopg.Connection", store: RawStore, partitions: list[Emptying]) -> None:
    """Note in the ledger what was loaded and cannot be landed again, as retention notes what it removes.

    Not where another collection of the database has as many of these events: they are not lost, and whatever the ledger
    counts as gone retention deletes there.
    """
    lost = {(each.topic, each.partition): each.lost_below for each in partitions if each.lost}
    prefixes = []
    for topic, partition, loaded_until, kept_from in kept_raw(connection):
        until = min(lost.get((topic, partition), 0), loaded_until)
        place = topic, partition, kept_from, until
        if until > kept_from and not any(_has_as_many(other, store, *place) for other in store.others()):
            documents = store.count(topic, partition, until, since=kept_from)
            prefixes.append(OldPrefix(*place, documents))
    record_removed(connection, prefixes)


def _has_as_many(other: RawStore, store: RawStore, topic: str, partition: int, since: int, until: int) -> bool:
    return kept_events(other, topic, partition, since, until) >= kept_events(store, topic, partition, since, until)


def _refuse_loss(name: str, partitions: list[Emptying], accepted: int) -> None:
    lost = sum(each.lost for each in partitions)
    if lost != accepted:
        reasons = "; ".join(each.why for each in partitions if each.lost)
        what = f"cannot be landed again ({reasons})" if lost else "would be lost"
        how = f"to lose them, give --yes-lose {lost}" if lost else "give --yes instead of --yes-lose"
        raise TerminalError(f"{lost:,} documents of {name} {what}: nothing was deleted; {how}")


def erased_on_the_bus(index: DeadLetterIndex, partitions: list[Emptying]) -> list[BusPosition]:
    """Where the next landing reads records again whose dead letters were erased."""
    kept = {(each.topic, each.partition): each for each in partitions if each.is_read and each.low is not None}
    erased = [head.origin.position for head in index if head.stage == "landing" and head.status == ERASED]
    places = [(at, kept.get((at.topic, at.partition))) for at in erased]
    return sorted(at for at, place in places if place is not None and at.offset >= max(place.low or 0, place.begin))


def returning_letters(records: Iterable[Message], listed: ForgottenVisitors) -> str:
    """How many of these records the landing cannot tell for a forgotten visitor's, for the operator; empty for none."""
    count = sum(not listed.holds_record(each.key(), each.value(), recorded_ms(each)) for each in records)
    if not count:
        return ""
    return (
        f"{count:,} dead letters of forgotten visitors will be written again, with their bytes, by the next landing:"
        " the bus still has these records, and neither an event nor a key in them names a visitor on the list;"
        " run ./millrace forget-visitor for each of them again, with --truncate-bus\n"
    )


def _confirmed(name: str, partitions: list[Emptying]) -> bool:
    if not sys.stdin.isatty():
        raise TerminalError("there is no terminal to ask on: give --yes to delete without asking")
    documents = sum(each.documents for each in partitions)
    return input(f"delete {documents:,} documents of {name}? Type yes: ").strip().lower() == "yes"


def _beginning(partitions: list[Emptying]) -> str:
    later = [f"{each.topic}:{each.partition} at offset {each.begin}" for each in partitions if each.begin]
    return f"behind what was removed before: {', '.join(later)}" if later else "at the beginning of the topic"


def _leave_group(config: ClientConfig, group: str) -> None:
    """Delete the landing's offsets; raises TerminalError where the group has a member, so that a landing is running.

    Before the store's marks: should the rest fail, landing again is harmless, skipping is not.
    """
    admin = AdminClient(dict(config))
    try:
        admin.delete_consumer_groups([group], request_timeout=ADMIN_SECONDS)[group].result()
    except KafkaException as error:
        code = error.args[0].code()
        if code == KafkaError.NON_EMPTY_GROUP:
            raise TerminalError("the landing is running: stop it before deleting what it has landed") from None
        if code != KafkaError.GROUP_ID_NOT_FOUND:
            raise explain(error, f"deleting the offsets of {group} at {config['bootstrap.servers']}") from error


def _set_beginning(config: ClientConfig, group: str, partitions: list[Emptying]) -> None:
    """Have the landing begin behind what was removed; raises what `explain` makes of a refusal."""
    begin = [TopicPartition(each.topic, each.partition, each.begin) for each in partitions if each.begin]
    if begin:
        request, admin = ConsumerGroupTopicPartitions(group, begin), AdminClient(dict(config))
        try:
            admin.alter_consumer_group_offsets([request], request_timeout=ADMIN_SECONDS)[group].result()
        except KafkaException as error:
            raise explain(error, f"setting the offsets of {group} at {config['bootstrap.servers']}") from error


if __name__ == "__main__":
    sys.exit(main())
