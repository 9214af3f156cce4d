"""Landing: every record of the local topic into MongoDB, or into the dead letters, exactly once.

    python -m kafka.landing [--follow]

Stops at the topic's end offsets as of its start; with `--follow` it keeps running.
"""

import sys

from pydantic import SecretStr

from config.settings import MongoSettings
from kafka.consumer.settings import ConsumerSettings
from kafka.consumer.stage_options import stage_command
from kafka.sinks.landing_names import landing_group


class LandingSettings(ConsumerSettings, MongoSettings):
    """Settings of landing, beside the bus's and the store's."""

    kafka_landing_username: str = "landing"
    kafka_landing_password: SecretStr
    mongo_landing_username: str = "landing"
    mongo_landing_password: SecretStr


def land(follow: bool, skip_lost: bool) -> None:
    """Run landing by the settings; raises a MillraceError with a message for the operator."""
    # Not before the options are understood: the clients of two servers take a while to import.
    from kafka.consumer.stage import run_stage
    from kafka.sinks.mongo import MongoSink, connect

    settings = LandingSettings.load()
    config = settings.client_as(settings.kafka_landing_username, settings.kafka_landing_password)
    client = connect(
        settings,
        settings.mongo_landing_username,
        settings.mongo_landing_password.get_secret_value(),
        settings.max_workers,
    )
    sink = MongoSink(
        client, settings.mongo_db, settings.mongo_collection, f"{settings.mongo_host}:{settings.mongo_port}"
    )
    group = landing_group(settings.mongo_db, settings.mongo_collection)
    run_stage(settings, config, group, sink, follow, skip_lost)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    return stage_command("landing", "Land the local topic in MongoDB.", land, arguments)


if __name__ == "__main__":
    sys.exit(main())
