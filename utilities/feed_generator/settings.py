"""The login that produces generated events of the feeds."""

from pydantic import SecretStr

from config.kafka_client import ClientConfig
from config.settings import KafkaSettings


class FeedGeneratorSettings(KafkaSettings):
    """The generator's login at the local cluster: it writes the feeds' topics and nothing else."""

    kafka_generator_username: str = "generator"
    kafka_generator_password: SecretStr

    def client(self) -> ClientConfig:
        """Client properties of the local cluster."""
        return self.client_as(self.kafka_generator_username, self.kafka_generator_password)
