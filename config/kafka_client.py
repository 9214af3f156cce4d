"""The properties that a client of a Kafka cluster connects with, as librdkafka names them."""

from pathlib import Path

from pydantic import SecretStr

ClientConfig = dict[str, str | int | bool]


class LoginConfig(ClientConfig):
    """Client properties that know which variable their password was read from; librdkafka is told the properties."""

    def __init__(self, properties: ClientConfig, password_variable: str) -> None:
        super().__init__(properties)
        self.password_variable = password_variable

    def extended(self, properties: ClientConfig) -> "LoginConfig":
        """The same login with other properties besides: `{**config, ...}` would forget the variable."""
        return LoginConfig({**self, **properties}, self.password_variable)


def client_config(
    brokers: str,
    security_protocol: str,
    mechanism: str,
    username: str,
    password: SecretStr,
    password_variable: str,
    ca_file: Path | None = None,
) -> LoginConfig:
    """The properties that any librdkafka client needs to reach `brokers` (host:port, comma-separated)."""
    authority: ClientConfig = {"ssl.ca.location": str(ca_file)} if ca_file else {}
    properties: ClientConfig = {
        **authority,
        "bootstrap.servers": brokers,
        "security.protocol": security_protocol,
        "sasl.mechanism": mechanism,
        "sasl.username": username,
        "sasl.password": password.get_secret_value(),
        "client.id": f"millrace-{username}",
        # Brokers come back within seconds; the default of 10 s between attempts outlasts their restart.
        "reconnect.backoff.max.ms": 2000,
        # librdkafka's own log repeats what `explain` says in one line.
        "log_level": 2,
    }
    return LoginConfig(properties, password_variable)
