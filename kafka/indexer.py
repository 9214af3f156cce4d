"""The indexer: every record of the local topic into Elasticsearch, or into the dead letters, exactly once.

    python -m kafka.indexer [--follow]

Stops at the topic's end offsets as of its start; with `--follow` it keeps running.
"""

import sys

from pydantic import SecretStr

from config.settings import ElasticsearchSettings
from kafka.consumer.settings import ConsumerSettings
from kafka.consumer.stage_options import stage_command

GROUP = "millrace-indexer"


class IndexerSettings(ConsumerSettings, ElasticsearchSettings):
    """Settings of the indexer, beside the bus's and the store's."""

    kafka_indexer_username: str = "indexer"
    kafka_indexer_password: SecretStr
    elasticsearch_indexer_user: str = "indexer"
    elasticsearch_indexer_password: SecretStr


def index(follow: bool, skip_lost: bool) -> None:
    """Run the indexer by the settings; raises a MillraceError with a message for the operator."""
    # Not before the options are understood: the clients of two servers take a while to import.
    from kafka.consumer.stage import run_stage
    from kafka.sinks.elasticsearch import ElasticsearchSink, connect

    settings = IndexerSettings.load()
    config = settings.client_as(settings.kafka_indexer_username, settings.kafka_indexer_password)
    client = connect(
        settings,
        settings.elasticsearch_indexer_user,
        settings.elasticsearch_indexer_password.get_secret_value(),
        settings.max_workers,
    )
    address = f"{settings.elasticsearch_host}:{settings.elasticsearch_port}"
    forgotten = settings.forgotten(config)
    sink = ElasticsearchSink(client, settings.elasticsearch_alias, address, forgotten)
    run_stage(settings, config, GROUP, sink, forgotten, follow, skip_lost)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    return stage_command("indexer", "Index the local topic in Elasticsearch.", index, arguments)


if __name__ == "__main__":
    sys.exit(main())
