"""`python -m utilities.reindex`: documents that were indexed by other rules, rewritten from the events that they hold.

After a change of the scrubber's rules, or of what else a searchable field is made of, such as the hash in place of the
device's id. May be ended at any time and begun again; the indexer and searches go on meanwhile.
"""

import argparse
import sys

from config.command_line import run_command


def main(arguments: list[str] | None = None) -> int:
    """Rewrite and say how many; returns the exit status."""
    description = "Rewrite documents of Elasticsearch that were indexed by other rules."
    parser = argparse.ArgumentParser(prog="reindex", description=description)
    return run_command(parser, lambda _: _reindex(), arguments)


def _reindex() -> None:
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


if __name__ == "__main__":
    sys.exit(main())
