"""Settings of the query API and the dashboard, beside those of the ingest API."""

from pydantic import Field, SecretStr

from config.operator_logins import SearchReaderSettings
from config.settings import HashKey, KafkaSettings, PostgresSettings


class QuerySettings(SearchReaderSettings, KafkaSettings, PostgresSettings):
    """What the query API logs in with, and how much it takes at once."""

    postgres_query_user: str = "serving_query"
    postgres_query_password: SecretStr
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
    api_statement_seconds: int = Field(default=20, ge=1)
    """After how long a statement of a page is cancelled."""
    api_max_live_clients: int = Field(default=600, ge=1)
    """WebSocket clients at once, in each process; they count for `API_MAX_CONNECTIONS`, too."""
    api_slow_client_seconds: float = Field(default=15, gt=0)
    """How long a WebSocket client may read nothing while something waits for it; then it is dropped."""
