"""Where the stream writes its metrics to besides the warehouse."""

from typing import ClassVar

from pydantic import SecretStr

from config.settings import ElasticsearchSettings


class MetricsIndexSettings(ElasticsearchSettings):
    """The stream writes `pipeline-metrics` as `stream`; the alias is no setting."""

    metrics_alias: ClassVar[str] = "pipeline-metrics"

    elasticsearch_stream_user: str = "stream"
    elasticsearch_stream_password: SecretStr
