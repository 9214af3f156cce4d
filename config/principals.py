"""What each application is called at each server: the `*_USERNAME` and `*_USER` settings, all in one place.

Whoever prepares a server grants rights to these names; each application logs in with its own (a test compares the
defaults). Two applications with one name would have the rights of both, so that is refused.
"""

import re
from typing import ClassVar, Self

from config.errors import ConfigurationError
from config.settings import Settings


class Principals(Settings):
    """Base of the names at one server; `secrets` names the secret of each."""

    secrets: ClassVar[dict[str, str]]
    """Field of a name -> field of `SecretSettings` with its password."""
    reserved: ClassVar[frozenset[str]]
    """Names with the server's own rights, which no application may have."""

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """Raises ConfigurationError where a name is another application's, the server's own, or cannot be quoted."""
        principals = super().load(**overrides)
        taken: dict[str, str] = {}
        for field in cls.secrets:
            name, variable = str(getattr(principals, field)), field.upper()
            if not re.fullmatch(r"[\w.@+-]+", name):
                raise ConfigurationError(variable, f"may have letters, digits and . _ @ + - only (got {name!r})")
            if name in cls.reserved:
                raise ConfigurationError(variable, f"is {name}, which may do everything: give the application its own")
            if name in taken:
                raise ConfigurationError(variable, f"is {name}, as {taken[name]} is: give each application its own")
            taken[name] = variable
        return principals

    def names(self) -> dict[str, str]:
        """Name -> field of `SecretSettings` with its password."""
        return {str(getattr(self, field)): secret for field, secret in self.secrets.items()}


class SourcePrincipals(Principals):
    """Names at the source cluster."""

    secrets: ClassVar = {"source_username": "source_password", "source_generator_username": "source_generator_password"}
    reserved: ClassVar = frozenset({"admin", "broker"})

    source_username: str = "mirror"
    source_generator_username: str = "generator"


class KafkaPrincipals(Principals):
    """Names at the local cluster."""

    secrets: ClassVar = {
        f"kafka_{role}_username": f"kafka_{role}_password"
        for role in ("mirror", "landing", "indexer", "stream", "operator", "akhq", "api", "query", "generator")
    }
    reserved: ClassVar = frozenset({"admin", "broker"})

    kafka_mirror_username: str = "mirror"
    kafka_landing_username: str = "landing"
    kafka_indexer_username: str = "indexer"
    kafka_stream_username: str = "stream"
    kafka_operator_username: str = "operator"
    kafka_akhq_username: str = "akhq"
    """The pages of AKHQ, which read and describe."""
    kafka_api_username: str = "api"
    """The ingest API, which writes what is posted."""
    kafka_query_username: str = "query"
    """The query API, which tells how far the consumers are and counts dead letters."""
    kafka_generator_username: str = "generator"
    """Who produces generated events of the feeds beside the main one, straight to the local cluster."""


class MongoPrincipals(Principals):
    """Names at the raw store."""

    secrets: ClassVar = {f"mongo_{role}_username": f"mongo_{role}_password" for role in ("landing", "etl", "operator")}
    reserved: ClassVar = frozenset({"root"})

    mongo_landing_username: str = "landing"
    mongo_etl_username: str = "etl"
    mongo_operator_username: str = "operator"


class PostgresPrincipals(Principals):
    """Names at the warehouse. One that is not the default is a login in the role of that name."""

    secrets: ClassVar = {
        "postgres_owner_user": "postgres_owner_password",
        "postgres_user": "postgres_password",
        "postgres_stream_user": "postgres_stream_password",
        "postgres_bi_user": "postgres_bi_password",
        "postgres_api_user": "postgres_api_password",
        "postgres_query_user": "postgres_query_password",
    }
    reserved: ClassVar = frozenset({"postgres"})

    postgres_owner_user: str = "warehouse_owner"
    postgres_user: str = "warehouse_etl"
    postgres_stream_user: str = "warehouse_stream"
    postgres_bi_user: str = "bi_reader"
    postgres_api_user: str = "serving_api"
    postgres_query_user: str = "serving_query"


class ElasticsearchPrincipals(Principals):
    """Names at the search store."""

    secrets: ClassVar = {
        f"elasticsearch_{role}_user": f"elasticsearch_{role}_password"
        for role in ("indexer", "reader", "operator", "stream", "analyst")
    }
    reserved: ClassVar = frozenset({"elastic", "kibana_system", "kibana"})

    elasticsearch_indexer_user: str = "indexer"
    elasticsearch_reader_user: str = "reader"
    elasticsearch_operator_user: str = "operator"
    elasticsearch_stream_user: str = "stream"
    """Who writes the stream's metrics."""
    elasticsearch_analyst_user: str = "analyst"
    """Who looks at the events in Kibana."""
