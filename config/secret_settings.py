"""Every secret of a stack of servers, as whoever starts and prepares them needs it."""

from pydantic import SecretStr, field_validator

from config.errors import ConfigurationError
from config.settings import Settings


class SecretSettings(Settings):
    """Every generated secret: one for each principal of each server. `up` writes the missing ones into `.env`."""

    source_admin_password: SecretStr
    source_broker_password: SecretStr
    source_password: SecretStr
    source_generator_password: SecretStr
    kafka_admin_password: SecretStr
    kafka_broker_password: SecretStr
    kafka_mirror_password: SecretStr
    kafka_landing_password: SecretStr
    kafka_indexer_password: SecretStr
    kafka_stream_password: SecretStr
    kafka_operator_password: SecretStr
    kafka_akhq_password: SecretStr
    kafka_api_password: SecretStr
    kafka_query_password: SecretStr
    kafka_generator_password: SecretStr
    mongo_root_password: SecretStr
    mongo_landing_password: SecretStr
    mongo_etl_password: SecretStr
    mongo_operator_password: SecretStr
    postgres_superuser_password: SecretStr
    postgres_owner_password: SecretStr
    postgres_password: SecretStr
    postgres_stream_password: SecretStr
    postgres_bi_password: SecretStr
    postgres_api_password: SecretStr
    postgres_query_password: SecretStr
    elasticsearch_elastic_password: SecretStr
    elasticsearch_indexer_password: SecretStr
    elasticsearch_reader_password: SecretStr
    elasticsearch_operator_password: SecretStr
    elasticsearch_stream_password: SecretStr
    elasticsearch_analyst_password: SecretStr
    elasticsearch_kibana_password: SecretStr
    kibana_encryption_key: SecretStr
    akhq_jwt_secret: SecretStr
    akhq_password: SecretStr
    akhq_password_sha256: SecretStr
    """What AKHQ is told of `AKHQ_PASSWORD`; follows it."""
    api_session_key: SecretStr
    """Signs the cookies of the dashboard's sessions; another one ends them all."""
    api_operator_password: SecretStr
    """Of the first account of the dashboard, `operator`, which `./millrace up` makes where there is none."""
    visitor_hash_key: SecretStr
    forgotten_key: SecretStr

    @field_validator("*")
    @classmethod
    def _plain_characters(cls, value: SecretStr) -> SecretStr:
        # They are written into JAAS, supervisor and shell-style files, each with quoting rules of its own.
        if any(character in "'\"\\%$" or character.isspace() for character in value.get_secret_value()):
            raise ValueError("must not contain quotes, backslash, percent, dollar or white space")
        return value

    def reveal(self, name: str) -> str:
        """The secret's text; raises ConfigurationError for a name that is none."""
        value = getattr(self, name, None)
        if not isinstance(value, SecretStr):
            raise ConfigurationError(name.upper(), "is not a secret that Millrace knows")
        return value.get_secret_value()
