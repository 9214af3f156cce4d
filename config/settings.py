"""Typed settings from the environment or `.env`: the base class, and the connections that stages share.

A stage's own settings stand beside the stage. A wrong value stops the program with one line that names the
variable; a secret has no default here and never prints.
"""

import os
import re
from ipaddress import IPv6Address
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import ConfigurationError, TerminalError
from config.kafka_client import LoginConfig, client_config

PROJECT_ROOT = Path(__file__).resolve().parent.parent
Port = Annotated[int, Field(ge=1, le=65535)]

# A shorter key could be found by trying all of them against a known user id.
SHORTEST_HASH_KEY = 16


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SHORTEST_HASH_KEY:
        raise ValueError(f"must have at least {SHORTEST_HASH_KEY} characters")
    return value


HashKey = Annotated[SecretStr, AfterValidator(_long_enough)]
"""Key of an HMAC that stands for a visitor."""


def _host_alone(value: str, field: ValidationInfo) -> str:
    host = value.strip()
    try:
        return f"[{IPv6Address(host.removeprefix('[').removesuffix(']'))}]"
    except ValueError:
        if not re.fullmatch(r"[\w.-]+", host):
            port = str(field.field_name).upper().replace("_HOST", "_PORT")
            raise ValueError(f"should be the host alone: its port goes into {port}, and TLS is set apart") from None
    return host


def _hosts_alone(value: str, field: ValidationInfo) -> str:
    return ",".join(_host_alone(host, field) for host in value.split(","))


def _libpq_hosts(value: str, field: ValidationInfo) -> str:
    hosts = [host.strip() for host in value.split(",")]
    return ",".join(host if host.startswith(("/", "@")) else _host_alone(host, field).strip("[]") for host in hosts)


Host = Annotated[str, AfterValidator(_host_alone)]
"""Name or address of a server, without scheme and port; an IPv6 address is in brackets, as URLs have it."""
Hosts = Annotated[str, AfterValidator(_hosts_alone)]
"""As `Host`, or several, comma-separated, as MongoDB's driver takes them."""
LibpqHosts = Annotated[str, AfterValidator(_libpq_hosts)]
"""As libpq takes them: one host or several, comma-separated, without brackets, or the directory of a Unix socket."""


def _jvm_memory(value: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]*[kmgtKMGT]", value):
        raise ValueError("should be a whole number with its unit, such as 512m or 2g")
    return value


Memory = Annotated[str, AfterValidator(_jvm_memory)]
"""As Java's -Xmx takes it."""
SecurityProtocol = Annotated[
    Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], BeforeValidator(lambda value: str(value).upper())
]
SaslMechanism = Annotated[
    Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], BeforeValidator(lambda value: str(value).upper())
]


def environment_file() -> Path:
    """The file that holds generated secrets: `MILLRACE_ENV_FILE`, else `.env` in the checkout."""
    return Path(os.environ.get("MILLRACE_ENV_FILE", PROJECT_ROOT / ".env"))


def not_utf8(path: Path, error: UnicodeDecodeError) -> TerminalError:
    """Of an environment file in another encoding."""
    return TerminalError(f"{path} is not UTF-8 text, which it has to be: save it as that ({error})")


class Settings(BaseSettings):
    """Base of all settings classes; variables are the upper-case field names."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read the settings; raises ConfigurationError naming the first wrong or missing variable."""
        try:
            return cls(**{"_env_file": environment_file()}, **overrides)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else cls.__name__
            raise ConfigurationError(name.upper(), cls._problem(name, first)) from None
        except UnicodeDecodeError as error:
            raise not_utf8(environment_file(), error) from None

    def variable_of(self, secret: SecretStr) -> str:
        """The variable that this very secret was read from; "the password" where it is of other settings."""
        found = (name.upper() for name in type(self).model_fields if getattr(self, name) is secret)
        return next(found, "the password")

    @classmethod
    def _problem(cls, name: str, error: ErrorDetails) -> str:
        if error["type"] == "missing":
            return "is not set (./millrace up writes it into .env)"
        field = cls.model_fields.get(name)
        is_secret = field is not None and field.annotation is SecretStr
        return error["msg"] if is_secret else f"{error['msg']} (got {error['input']!r})"


def loopback_brokers(ports: str) -> str:
    """Bootstrap servers on loopback: `"9094,9194"` -> `"127.0.0.1:9094,127.0.0.1:9194"`."""
    return ",".join(f"127.0.0.1:{port.strip()}" for port in ports.split(","))


class SourceKafkaSettings(Settings):
    """The remote cluster that events are mirrored from; at `source_port`, `./millrace up` starts a stand-in for it."""

    source_port: Port = 9394
    """Where `./millrace up` starts the stand-in for the remote cluster."""
    source_brokers: str = Field(default_factory=lambda fields: loopback_brokers(str(fields["source_port"])))
    """The remote cluster, host:port comma-separated; default: the stand-in on `SOURCE_PORT`."""
    source_topic: str = "product_views"
    """Topic that is mirrored."""
    source_security_protocol: SecurityProtocol = "SASL_PLAINTEXT"
    """As librdkafka spells it: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
    source_sasl_mechanism: SaslMechanism = "PLAIN"
    """PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."""
    source_ca_file: Path | None = None
    """With SSL or SASL_SSL: PEM file of the authority that signed the brokers' certificates; default: the system's."""

    def source_client_as(self, username: str, password: SecretStr) -> LoginConfig:
        """Client properties of the remote cluster for one principal."""
        return client_config(
            self.source_brokers,
            self.source_security_protocol,
            self.source_sasl_mechanism,
            username,
            password,
            self.variable_of(password),
            self.source_ca_file,
        )


class KafkaSettings(Settings):
    """The local cluster: `kafka_brokers` lists host:port, comma-separated; `./millrace up` takes `kafka_ports`."""

    kafka_ports: str = "9094,9194,9294"
    """Client ports of the three local brokers."""
    kafka_brokers: str = Field(default_factory=lambda fields: loopback_brokers(fields["kafka_ports"]))
    """The local cluster, host:port comma-separated; default: loopback on `KAFKA_PORTS`."""
    kafka_security_protocol: SecurityProtocol = "SASL_PLAINTEXT"
    """Of the local cluster, as librdkafka spells it."""
    kafka_sasl_mechanism: SaslMechanism = "PLAIN"
    """Of the local cluster."""
    kafka_ca_file: Path | None = None
    """As `SOURCE_CA_FILE`, of the local cluster."""
    destination_brokers: str = Field(default_factory=lambda fields: fields["kafka_brokers"])
    """Where the mirror writes; default: `KAFKA_BROKERS`."""
    destination_topic: str = "product_views"
    """Topic of the local cluster that the mirror writes and the consumers read."""
    dead_letter_topic: str = "product_views_dead_letters"
    """Topic of records that are bad in themselves."""
    mirror_offsets_topic: str = "millrace.mirror-offsets"
    """Compacted topic with the source offsets of committed batches."""
    forgotten_topic: str = "millrace.forgotten"
    """Compacted topic with the list of forgotten visitors; one for each FORGOTTEN_KEY."""
    kafka_replication: int = Field(default=3, ge=1)
    """Replicas of each topic that Millrace makes; no more than there are brokers."""
    kafka_min_insync: int = Field(default=2, ge=1)
    """Of these, how many must have a record before it counts as written."""
    kafka_retention_ms: int = Field(default=-1, ge=-1)
    """How long the local topic keeps a record, by the record's own time, which is the source's; -1 is for ever."""

    def client_as(self, username: str, password: SecretStr) -> LoginConfig:
        """Client properties of the local cluster for one principal."""
        return self._client(self.kafka_brokers, username, password)

    def destination_client_as(self, username: str, password: SecretStr) -> LoginConfig:
        """As `client_as`, of the brokers that the mirror writes to."""
        return self._client(self.destination_brokers, username, password)

    def _client(self, brokers: str, username: str, password: SecretStr) -> LoginConfig:
        return client_config(
            brokers,
            self.kafka_security_protocol,
            self.kafka_sasl_mechanism,
            username,
            password,
            self.variable_of(password),
            self.kafka_ca_file,
        )


LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")


def whether_it_runs(host: str, server: str) -> str:
    """What a person looks at where `host` does not answer; `server` is its name among the local ones."""
    if host in LOOPBACK:
        return f"./millrace status shows whether it runs, ./millrace start {server} starts it"
    return "is the server running there?"


class MongoSettings(Settings):
    """The raw store's address, database and collection; each application has its own user and password variable."""

    mongo_host: Hosts = "127.0.0.1"
    """The raw store; set it to use a MongoDB of your own (members of a replica set comma-separated, with one port)."""
    mongo_port: Port = 27017
    """Its port."""
    mongo_db: str = "kafka_data_db"
    """Its database."""
    mongo_collection: str = "product_views_records"
    """Collection of events as sent."""
    mongo_tls: bool = False
    """Whether to connect by TLS."""
    mongo_ca_file: Path | None = None
    """With MONGO_TLS: PEM file of the authority that signed the server's certificate; default: the system's."""

    @property
    def mongo_client_options(self) -> dict[str, Any]:
        """What every client of the raw store is given: TLS, and whether to stay with the one server it is told of.

        Elsewhere than on loopback a member of a replica set is asked for the others, so that a new primary is found.
        On loopback (a published port, a tunnel) their names would lead nowhere.
        """
        authority = {"tlsCAFile": str(self.mongo_ca_file)} if self.mongo_ca_file else {}
        tls = {"tls": True, **authority} if self.mongo_tls else {}
        return {"directConnection": self.mongo_host in LOOPBACK, **tls}


class PostgresSettings(Settings):
    """The warehouse's address; each role has its own user and password variable."""

    postgres_host: LibpqHosts = "127.0.0.1"
    """The warehouse; set it to use a PostgreSQL of your own (a list or a socket directory, as libpq takes them)."""
    postgres_port: Port = 5433
    """Its port."""
    postgres_db: str = "millrace"
    """Its database."""


class ElasticsearchSettings(Settings):
    """The search store's address, and the alias over the monthly indices, which is no setting.

    The server's own files (index template, roles, auto-creation, under config/elasticsearch) name the alias too.
    """

    elasticsearch_host: Host = "127.0.0.1"
    """The search store; set it to use an Elasticsearch of your own."""
    elasticsearch_port: Port = 9200
    """Its HTTP port."""
    elasticsearch_tls: bool = False
    """Whether to connect by TLS (https)."""
    elasticsearch_ca_file: Path | None = None
    """With ELASTICSEARCH_TLS: PEM file of the authority that signed the server's certificate; default: certifi's."""
    elasticsearch_alias: ClassVar[str] = "product-views"
    """Alias over the monthly indices, and their prefix."""

    @property
    def elasticsearch_url(self) -> str:
        """Where every client connects to."""
        scheme = "https" if self.elasticsearch_tls else "http"
        return f"{scheme}://{self.elasticsearch_host}:{self.elasticsearch_port}"

    @property
    def elasticsearch_tls_options(self) -> dict[str, Any]:
        """What every client of the search store is given of TLS."""
        return {"ca_certs": str(self.elasticsearch_ca_file)} if self.elasticsearch_ca_file else {}
