"""What the stream needs to know: the bus, the warehouse, its windows, and what a visitor is."""

from typing import Annotated

from pydantic import Field, SecretStr

from config.kafka_client import LoginConfig
from config.settings import KafkaSettings, PostgresSettings
from kafka.forgotten_settings import ForgottenSettings
from spark.settings import MeaningSettings

Seconds = Annotated[int, Field(ge=0)]


class StreamSettings(MeaningSettings, KafkaSettings, PostgresSettings, ForgottenSettings):
    """The stream reads the local topic as `stream` and writes schema `live` as `warehouse_stream`."""

    kafka_stream_username: str = "stream"
    kafka_stream_password: SecretStr
    postgres_stream_user: str = "warehouse_stream"
    postgres_stream_password: SecretStr
    stream_window_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
    """Length of a window of event time. Another length than that of the windows that are there is refused."""
    stream_lateness_seconds: Seconds = 120
    """How far the watermark goes past a window's end before the window is closed; later events count as late."""
    stream_lead_seconds: Seconds = 60
    """How far ahead of its record's time on the bus, and of ours, an event may be and move the watermark that far."""
    stream_idle_seconds: Annotated[int, Field(ge=1)] = 60
    """A partition without events for so long holds up no window."""
    stream_trigger_seconds: Annotated[int, Field(ge=0)] = 1
    """A batch begins so long after the last one began, or at once where that one took longer."""
    stream_batch_offsets: Annotated[int, Field(ge=100)] = 20_000
    """Offsets that one batch takes at most: bounds its memory and what a restart repeats."""
    stream_outage_seconds: Annotated[float, Field(ge=0)] = 300.0
    """How long the stream waits for a server that went away before it gives up."""
    stream_kept_days: Annotated[int, Field(ge=1)] = 30
    """Closed windows that ended longer than so many days before the watermark are removed."""

    stream_ids_hours: Annotated[int, Field(ge=1)] = 24
    """For so long after its window closed, by event time, an event of a feed beside the main one is known by its id."""
    stream_metrics_seconds: Annotated[float, Field(ge=0)] = 5.0
    """So often what changed is written to Elasticsearch as pipeline-metrics; 0 for never."""

    def stream_client(self) -> LoginConfig:
        """Client properties of the local cluster."""
        return self.client_as(self.kafka_stream_username, self.kafka_stream_password)
