"""Settings of the query API and the dashboard, beside those of the ingest API."""

from pydantic import Field, SecretStr, field_validator

from config.operator_logins import SearchReaderSettings
from config.settings import HashKey, KafkaSettings, PostgresSettings


class WarehouseReaderSettings(PostgresSettings):
    """Who reads the warehouse for the pages, and where the live windows are copied to."""

    postgres_query_user: str = "serving_query"
    postgres_query_password: SecretStr
    api_statement_seconds: int = Field(default=20, ge=1)
    """After how long a statement of a page, or of the live windows' copy, is cancelled."""
    live_redis_url: SecretStr = SecretStr("")
    """Redis that `live-copy` copies the live windows to, and the live page reads them from, password included
    (redis://:PASSWORD@127.0.0.1:6379/0; rediss:// for TLS). Default: none, they are read from the warehouse."""

    @field_validator("live_redis_url")
    @classmethod
    def _is_address(cls, url: SecretStr) -> SecretStr:
        from redis.connection import parse_url

        try:
            parse_url(url.get_secret_value() or "redis://")  # type: ignore[no-untyped-call]
        except ValueError:
            raise ValueError("is no address such as redis://:PASSWORD@127.0.0.1:6379/0") from None
        return url


class QuerySettings(SearchReaderSettings, KafkaSettings, WarehouseReaderSettings):
    """What the query API logs in with, and how much it takes at once."""

    kafka_query_username: str = "query"
    kafka_query_password: SecretStr
    api_session_key: HashKey
    """Signs the cookies of the dashboard's sessions; another one ends them all."""
    api_session_hours: float = Field(default=12, gt=0, le=24 * 30)
    """How long after a login one has to log in again."""
    api_public_origin: str = Field(default="", pattern=r"^(https?://[^/\s]+)?$")
    """Origin that browsers reach the dashboard at, behind a gateway (https://shop.example); with https, cookies are
    sent by TLS alone. Default: whatever host they ask for."""
    api_query_threads: int = Field(default=4, ge=1, le=64)
    """Statements at once, each on a connection of its own; four times as many may wait, others are answered 503."""
    api_max_live_clients: int = Field(default=600, ge=1)
    """WebSocket clients at once, in each process; they count for `API_MAX_CONNECTIONS`, too."""
    api_slow_client_seconds: float = Field(default=15, gt=0)
    """How long a WebSocket client may read nothing while something waits for it; then it is dropped."""
