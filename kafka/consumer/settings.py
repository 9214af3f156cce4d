"""Settings that landing and the indexer share."""

from pydantic import Field

from config.settings import KafkaSettings


class ConsumerSettings(KafkaSettings):
    """How a consumer of the local topic works, whatever its sink."""

    max_workers: int = Field(default=5, ge=1)
    """Threads, each writing whole batches of one partition."""
    retry_seconds: float = Field(default=300.0, gt=0)
    """How long a run waits for a server that is away; with --follow for ever."""
