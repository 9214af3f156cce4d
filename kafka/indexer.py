"""The indexer: every record of the local topic into Elasticsearch, or into the dead letters, exactly once.

    python -m kafka.indexer [--follow] [--feeds all|FEED,...]

Stops at the topic's end offsets as of its start; with `--follow` it keeps running.
"""

import sys
from functools import partial
from typing import TYPE_CHECKING

from pydantic import SecretStr

from config.settings import ElasticsearchSettings
from kafka.consumer.settings import ConsumerSettings
from kafka.consumer.stage_options import stage_command

if TYPE_CHECKING:
    from threading import Event

    from kafka.feeds.feed import Feed

GROUP = "millrace-indexer"
"""Consumer group of the main feed; those of others begin with it, and so do the ACLs."""


class IndexerSettings(ConsumerSettings, ElasticsearchSettings):
    """Settings of the indexer, beside the bus's and the store's."""

    kafka_indexer_username: str = "indexer"
    kafka_indexer_password: SecretStr
    elasticsearch_indexer_user: str = "indexer"
    elasticsearch_indexer_password: SecretStr


def index(follow: bool, skip_lost: bool, feeds: str | None = None) -> None:
    """Run the indexer by the settings, or of the chosen feeds; raises a MillraceError for the operator."""
    settings, run = IndexerSettings.load(), partial(_index, follow, skip_lost)
    if feeds is None:
        run(settings)
        return
    from kafka.consumer.feed_stages import run_chosen

    run_chosen("indexer", feeds, settings, run)


def _index(
    follow: bool,
    skip_lost: bool,
    settings: IndexerSettings,
    feed: "Feed | None" = None,
    stop: "Event | None" = None,
) -> None:
    # Not before the options are understood: the clients of two servers take a while to import.
    from kafka.consumer.stage import run_stage
    from kafka.sinks.elasticsearch import ElasticsearchSink, connect
    from kafka.sinks.feed_document import FeedDocuments

    config = settings.client_as(settings.kafka_indexer_username, settings.kafka_indexer_password)
    client = connect(
        settings,
        settings.elasticsearch_indexer_user,
        settings.elasticsearch_indexer_password.get_secret_value(),
        settings.max_workers,
    )
    address = f"{settings.elasticsearch_host}:{settings.elasticsearch_port}"
    forgotten = settings.forgotten(config, feed)
    if feed is None or feed.is_main:
        sink = ElasticsearchSink(client, settings.elasticsearch_alias, address, forgotten)
        group = GROUP
    else:
        sink = ElasticsearchSink(client, feed.index, address, forgotten, FeedDocuments(feed))
        group = f"{GROUP}-{feed.index}"
    run_stage(settings, config, group, sink, forgotten, follow, skip_lost, stop)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    return stage_command("indexer", "Index the local topic in Elasticsearch.", index, arguments)


if __name__ == "__main__":
    sys.exit(main())
