"""What an operator's commands log in with: one class for each server and right."""

from pydantic import SecretStr

from config.kafka_client import ClientConfig
from config.settings import (
    ElasticsearchSettings,
    KafkaSettings,
    MongoSettings,
    PostgresSettings,
    SourceKafkaSettings,
)


class SourceReaderSettings(SourceKafkaSettings):
    """The login that may read the source topic: the mirror's."""

    source_username: str = "mirror"
    source_password: SecretStr

    def client(self) -> ClientConfig:
        """Client properties of the source cluster."""
        return self.source_client_as(self.source_username, self.source_password)


class OperatorKafkaSettings(KafkaSettings):
    """The operator's login at the local cluster."""

    kafka_operator_username: str = "operator"
    kafka_operator_password: SecretStr

    def client(self) -> ClientConfig:
        """Client properties of the local cluster."""
        return self.client_as(self.kafka_operator_username, self.kafka_operator_password)


class OperatorMongoSettings(MongoSettings):
    """The operator's login: readWrite on the raw database, so that it can be emptied."""

    mongo_operator_username: str = "operator"
    mongo_operator_password: SecretStr


class SearchReaderSettings(ElasticsearchSettings):
    """A login that may search the indices behind the alias."""

    elasticsearch_reader_user: str = "reader"
    elasticsearch_reader_password: SecretStr


class SearchOperatorSettings(ElasticsearchSettings):
    """A login that may overwrite documents: the one that forgets a visitor."""

    elasticsearch_operator_user: str = "operator"
    elasticsearch_operator_password: SecretStr


class WarehouseSettings(PostgresSettings):
    """The ETL's login: it may read the ledger, which analysts do not see."""

    postgres_user: str = "warehouse_etl"
    postgres_password: SecretStr
