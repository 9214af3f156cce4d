"""Settings of the ingest API, beside the bus's and the warehouse's."""

from pydantic import Field, SecretStr

from config.settings import Host, KafkaSettings, Port, PostgresSettings

MIB = 1024 * 1024


class ServingSettings(KafkaSettings, PostgresSettings):
    """Where the API listens, what it logs in with, and how much it takes at once."""

    api_bind: Host = "127.0.0.1"
    """Address that the API listens on; put a gateway with TLS before it where others than this machine use it."""
    api_port: Port = 8000
    """Its port."""
    kafka_api_username: str = "api"
    kafka_api_password: SecretStr
    postgres_api_user: str = "serving_api"
    postgres_api_password: SecretStr
    api_cors_origins: str = ""
    """Origins whose web pages may call the API, comma-separated (https://shop.example); `*` for all; default: none."""
    api_max_body_bytes: int = Field(default=4 * MIB, ge=1024)
    """Largest body of a request; a larger one is answered 413 before it is read."""
    api_max_events_in_flight: int = Field(default=20_000, ge=1000)
    """Events that may wait for the bus at once; beyond, requests are answered 503 with Retry-After."""
    api_max_bytes_in_flight: int = Field(default=64 * MIB, ge=MIB)
    """Bytes of bodies that may be read or wait for the bus at once; beyond, as before."""
    api_max_connections: int = Field(default=1000, ge=1)
    """Connections at once; beyond, requests are answered 503."""
    api_header_seconds: float = Field(default=10.0, gt=0)
    """How long a client may take to send the head of a request; then its connection is closed."""
    api_body_seconds: float = Field(default=10.0, gt=0)
    """How long a client may take to send a body; then it is answered 408."""
    api_ack_seconds: float = Field(default=20.0, ge=1)
    """How long an event may wait for all in-sync replicas; then its request is answered 503."""
    api_drain_seconds: int = Field(default=30, ge=1)
    """How long requests under way may take to end after SIGTERM."""
    api_refresh_seconds: float = Field(default=2.0, gt=0)
    """How often keys and accounts are read anew: how long a revoked or removed one is taken."""
    api_stale_seconds: float = Field(default=60.0, gt=0)
    """How long keys and accounts known last are good for while the warehouse does not answer; then answers are 503."""
