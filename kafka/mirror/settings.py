"""Settings of the mirror."""

from pydantic import Field, SecretStr

from config.kafka_client import LoginConfig
from config.settings import KafkaSettings, SourceKafkaSettings


class MirrorSettings(SourceKafkaSettings, KafkaSettings):
    """Settings of the mirror, beside the two clusters'."""

    source_username: str = "mirror"
    source_password: SecretStr
    kafka_mirror_username: str = "mirror"
    kafka_mirror_password: SecretStr
    max_messages: int = Field(default=100_000, ge=0)
    """Records mirrored by one run at the most; 0 is without limit, and so is --follow."""
    max_workers: int = Field(default=5, ge=1)
    """Threads; each owns whole source partitions."""
    mirror_patience_seconds: float = Field(default=30.0, gt=0)
    """How long a silent server is waited for; --follow waits for ever, except at its start."""

    @property
    def destination(self) -> LoginConfig:
        """Client properties of the cluster mirrored to."""
        return self.destination_client_as(self.kafka_mirror_username, self.kafka_mirror_password)

    @property
    def source(self) -> LoginConfig:
        """Client properties of the cluster mirrored from."""
        return self.source_client_as(self.source_username, self.source_password)
