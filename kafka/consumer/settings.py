"""Settings that landing and the indexer share."""

from typing import TYPE_CHECKING

from pydantic import Field

from config.kafka_client import ClientConfig
from config.settings import KafkaSettings
from kafka.forgotten_settings import ForgottenSettings

if TYPE_CHECKING:
    from kafka.feeds.feed import Feed
    from kafka.forgotten import ForgottenVisitors

LIST_ANSWER_SECONDS = 5.0
"""For the list of forgotten visitors: it is asked for again, and in between a stage can be stopped."""


class ConsumerSettings(KafkaSettings, ForgottenSettings):
    """How a consumer of the local topic works, whatever its sink."""

    max_workers: int = Field(default=5, ge=1)
    """Threads, each writing whole batches of one partition."""
    retry_seconds: float = Field(default=300.0, gt=0)
    """How long a run waits for a server that is away; with --follow for ever, except for the bus at its start."""

    def forgotten(self, config: ClientConfig, feed: "Feed | None" = None) -> "ForgottenVisitors":
        """The list of forgotten visitors, not read yet; `config` is the stage's own, `feed` whose events are judged."""
        # Not before the options of a command are understood: the client takes a while to import.
        from kafka.forgotten import ForgottenTopic, ForgottenVisitors

        topic = ForgottenTopic(config, self.forgotten_topic, LIST_ANSWER_SECONDS)
        if feed is None or feed.is_main:
            return ForgottenVisitors(topic, self.key)
        return ForgottenVisitors(topic, self.key, feed.person_of)
