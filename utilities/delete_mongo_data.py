"""`python -m utilities.delete_mongo_data [--yes]`: empty the raw store, so that the landing starts again at zero.

The events stay on the bus: the landing's watermarks and its consumer group's offsets are deleted with the
documents, and the next `make land` lands everything again. The warehouse keeps its facts and its own watermark.
"""

import argparse
import sys

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from pymongo.errors import PyMongoError

from config.command_line import run_command
from config.errors import TerminalError
from config.operator_logins import OperatorKafkaSettings
from kafka.client import explain
from utilities.stores.raw_store import RawStore, raw_store_error

ADMIN_SECONDS = 15


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, ask, and delete; returns the exit status."""
    parser = argparse.ArgumentParser(prog="delete_mongo_data", description="Delete all landed events from MongoDB.")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> int:
    with RawStore.connect() as store:
        try:
            documents = store.collection.estimated_document_count()
            if not options.yes and not _confirmed(store.name, documents):
                print("nothing was deleted")
                return 1
            _forget_progress(store.landing_group)
            store.watermarks.delete_many({})
            deleted = store.collection.delete_many({}).deleted_count
        except PyMongoError as error:
            raise raw_store_error(store.address, error) from error
    print(f"deleted {deleted:,} documents of {store.name}; the next landing starts at the beginning of the topic")
    return 0


def _confirmed(name: str, documents: int) -> bool:
    if not sys.stdin.isatty():
        raise TerminalError("there is no terminal to ask on: give --yes to delete without asking")
    return input(f"delete {documents:,} documents of {name}? Type yes: ").strip().lower() == "yes"


def _forget_progress(group: str) -> None:
    """Delete the landing's offsets first: should the rest fail, landing again is harmless, skipping is not."""
    settings = OperatorKafkaSettings.load()
    admin = AdminClient(dict(settings.client()))
    try:
        admin.delete_consumer_groups([group], request_timeout=ADMIN_SECONDS)[group].result()
    except KafkaException as error:
        code = error.args[0].code()
        if code == KafkaError.NON_EMPTY_GROUP:
            raise TerminalError("the landing is running: stop it before deleting what it has landed") from None
        if code != KafkaError.GROUP_ID_NOT_FOUND:
            raise explain(error, f"deleting the offsets of {group} at {settings.kafka_brokers}") from error


if __name__ == "__main__":
    sys.exit(main())
