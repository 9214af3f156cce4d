"""Landing: every record of the local topic into MongoDB, or into the dead letters, exactly once.

    python -m kafka.landing [--follow] [--feeds all|FEED,...]

Stops at the topic's end offsets as of its start; with `--follow` it keeps running.
"""

import sys
from functools import partial
from typing import TYPE_CHECKING

from pydantic import SecretStr

from config.settings import MongoSettings
from kafka.consumer.settings import ConsumerSettings
from kafka.consumer.stage_options import stage_command
from kafka.sinks.landing_names import landing_group

if TYPE_CHECKING:
    from threading import Event

    from kafka.feeds.feed import Feed


class LandingSettings(ConsumerSettings, MongoSettings):
    """Settings of landing, beside the bus's and the store's."""

    kafka_landing_username: str = "landing"
    kafka_landing_password: SecretStr
    mongo_landing_username: str = "landing"
    mongo_landing_password: SecretStr


def land(follow: bool, skip_lost: bool, feeds: str | None = None) -> None:
    """Run landing by the settings, or of the chosen feeds; raises a MillraceError with a message for the operator."""
    settings, run = LandingSettings.load(), partial(_land, follow, skip_lost)
    if feeds is None:
        run(settings)
        return
    from kafka.consumer.feed_stages import run_chosen

    run_chosen("landing", feeds, settings, run)


def _land(
    follow: bool,
    skip_lost: bool,
    settings: LandingSettings,
    feed: "Feed | None" = None,
    stop: "Event | None" = None,
) -> None:
    # Not before the options are understood: the clients of two servers take a while to import.
    from kafka.consumer.stage import run_stage
    from kafka.sinks.mongo import MongoSink, connect

    config = settings.client_as(settings.kafka_landing_username, settings.kafka_landing_password)
    client = connect(
        settings,
        settings.mongo_landing_username,
        settings.mongo_landing_password.get_secret_value(),
        settings.max_workers,
    )
    forgotten = settings.forgotten(config, feed)
    sink = MongoSink(
        client,
        settings.mongo_db,
        settings.mongo_collection,
        f"{settings.mongo_host}:{settings.mongo_port}",
        forgotten,
    )
    group = landing_group(settings.mongo_db, settings.mongo_collection)
    run_stage(settings, config, group, sink, forgotten, follow, skip_lost, stop)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    return stage_command("landing", "Land the local topic in MongoDB.", land, arguments)


if __name__ == "__main__":
    sys.exit(main())
