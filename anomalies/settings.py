"""What the judge of the windows needs to know: the warehouse, the zone of the shop's days, and whom to tell."""

from typing import Annotated

from pydantic import Field, SecretStr

from config.settings import ElasticsearchSettings, PostgresSettings
from spark.alert import AlertSettings
from spark.settings import BusinessDaySettings


class AnomalySettings(BusinessDaySettings, PostgresSettings, ElasticsearchSettings, AlertSettings):
    """The judge reads and writes schema `live` as the stream does, and indexes as the indexer does."""

    postgres_stream_user: str = "warehouse_stream"
    postgres_stream_password: SecretStr
    elasticsearch_indexer_user: str = "indexer"
    elasticsearch_indexer_password: SecretStr
    anomaly_series: Annotated[int, Field(ge=1)] = 500
    """How many series are judged, 40 kB of memory each; open incidents, then totals, first; others are logged."""
    anomaly_interval_seconds: Annotated[float, Field(gt=0)] = 5.0
    """With --follow: how often newly closed windows are looked for."""
    anomaly_silence_seconds: Annotated[int, Field(ge=1)] = 300
    """A feed without a closed window for so long, by the clock, is judged as silent; the stream's lateness is in it."""
    anomaly_outage_seconds: Annotated[float, Field(ge=0)] = 300.0
    """How long the warehouse is waited for before the judge gives up."""
