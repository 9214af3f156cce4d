"""The settings of a stage or a command with one feed's places instead of the main feed's."""

from typing import TypeVar

from config.settings import KafkaSettings
from kafka.feeds.feed import Feed

Settings = TypeVar("Settings", bound=KafkaSettings)


def at_feed(feed: Feed, settings: Settings) -> Settings:
    """Topic, topic of dead letters and, where the settings have one, collection. The main feed's are the settings'."""
    if feed.is_main:
        return settings
    places = {"destination_topic": feed.topic, "dead_letter_topic": feed.dead_letter_topic}
    if "mongo_collection" in type(settings).model_fields:
        places["mongo_collection"] = feed.collection
    return settings.model_copy(update=places)
