"""`python -m utilities.reindex [--rebuild all|FEED,... [--abandon]]`

Without options: documents that were indexed by other rules, rewritten from the events that they hold. After a change of
the scrubber's rules, or of what else a searchable field is made of, such as the hash in place of the device's id.

With `--rebuild`: the indices of a feed made anew from MongoDB and put behind its alias in the place of the former ones,
once the counts agree. After a change of the mapping, or where documents are missing.

Either may be ended at any time and begun again; the indexer and searches go on meanwhile.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from config.command_line import run_command

if TYPE_CHECKING:
    from kafka.feeds.feed import Feed


def main(arguments: list[str] | None = None) -> int:
    """Rewrite or rebuild and say how many; returns the exit status."""
    description = "Rewrite documents of Elasticsearch that were indexed by other rules, or rebuild whole indices."
    parser = argparse.ArgumentParser(prog="reindex", description=description)
    parser.add_argument("--rebuild", metavar="all|FEED,...", help="make the feeds' indices anew from MongoDB")
    parser.add_argument("--abandon", action="store_true", help="with --rebuild: drop a rebuild that was begun")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> None:
    from config.errors import ConfigurationError

    if options.abandon and not options.rebuild:
        raise ConfigurationError("--abandon", "goes with --rebuild, which names the feeds")
    if not options.rebuild:
        _rewrite()
        return
    from kafka.feeds.declaration import chosen_feeds

    for feed in chosen_feeds(options.rebuild):
        _rebuild(feed, options.abandon)


def _rewrite() -> None:
    # Not before the options are understood: the client takes a while to import.
    from config.operator_logins import SearchOperatorSettings
    from kafka.feeds.declaration import feeds_beside_main
    from kafka.forgotten_settings import ForgottenSettings
    from kafka.sinks.feed_document import FeedDocuments
    from utilities.stores.reindexing import rewrite_documents
    from utilities.stores.search import search_client

    settings, key = SearchOperatorSettings.load(), ForgottenSettings.load().key
    password = settings.elasticsearch_operator_password
    with search_client(settings, settings.elasticsearch_operator_user, password) as client:
        made = {settings.elasticsearch_alias: None, **{feed.index: FeedDocuments(feed) for feed in feeds_beside_main()}}
        for alias, documents in made.items():
            read, rewritten = rewrite_documents(client, alias, key, documents)
            if read or documents is None:
                print(f"{alias}: rewrote {rewritten:,} of {read:,} documents")


def _rebuild(feed: "Feed", is_abandoned: bool) -> None:
    from functools import partial

    from pymongo.errors import PyMongoError

    from config.operator_logins import OperatorMongoSettings, SearchOperatorSettings, SearchReaderSettings
    from kafka.forgotten_settings import ForgottenSettings
    from kafka.sinks.event_document import EventDocuments
    from kafka.sinks.feed_document import FeedDocuments
    from utilities.reconciliation.search_figures import all_indexed_marks
    from utilities.search_rebuild.lock import alone
    from utilities.search_rebuild.rebuild import Rebuild
    from utilities.stores.raw_store import RawStore, raw_store_error
    from utilities.stores.search import search_client

    settings, key = SearchOperatorSettings.load(), ForgottenSettings.load().key
    alias = settings.elasticsearch_alias if feed.is_main else feed.index
    documents = EventDocuments() if feed.is_main else FeedDocuments(feed)
    raw = OperatorMongoSettings.load(**({} if feed.is_main else {"mongo_collection": feed.collection}))
    user, password = settings.elasticsearch_operator_user, settings.elasticsearch_operator_password
    marks = partial(all_indexed_marks, SearchReaderSettings.load())
    with alone(alias) as stay_alone, search_client(settings, user, password) as client, RawStore(raw) as store:
        try:
            rebuild = Rebuild(client, alias, store, marks, documents, key, stay_alone)
            if is_abandoned:
                rebuild.abandon()
                print(f"{alias}: dropped what was begun; the indices behind the alias stay")
                return
            made = rebuild.run()
        except PyMongoError as error:
            raise raw_store_error(store.address, error) from error
    print(
        f"{alias}: {made.indices} indices now hold {made.documents:,} documents: {made.made:,} of MongoDB,"
        f" {made.kept + made.beyond:,} that only the index had, without {made.refused:,} refused"
    )


if __name__ == "__main__":
    sys.exit(main())
