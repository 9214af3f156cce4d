"""Settings: names users know, defaults, and errors that name the variable."""

import json
from pathlib import Path

import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr
from pymongo import MongoClient

from anomalies.delivery import INDEX
from config.errors import ConfigurationError
from config.settings import (
    PROJECT_ROOT,
    ElasticsearchSettings,
    KafkaSettings,
    MongoSettings,
    PostgresSettings,
    Settings,
    SourceKafkaSettings,
    whether_it_runs,
)
from kafka.sinks.elasticsearch_marks import PROGRESS_INDEX
from spark.live.metrics_settings import MetricsIndexSettings
from spark.settings import EtlSettings
from utilities.local_servers.settings import LocalServerSettings
from utilities.psql import ReaderSettings


class WithSecret(Settings):
    api_password: SecretStr


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(tmp_path / ".env"))
    for variable in ("KAFKA_PORTS", "KAFKA_BROKERS", "DESTINATION_BROKERS", "MONGO_PORT", "SOURCE_PORT"):
        monkeypatch.delenv(variable, raising=False)


def test_a_wrong_value_is_named_with_its_variable_and_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGO_PORT", "seventy")
    with pytest.raises(ConfigurationError, match=r"^MONGO_PORT: .*'seventy'") as caught:
        MongoSettings.load()
    assert caught.value.variable == "MONGO_PORT"


def test_a_missing_secret_is_named_with_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match=r"^API_PASSWORD: is not set \(\./millrace up"):
        WithSecret.load()


def test_a_secret_never_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_PASSWORD", "pa55")
    assert "pa55" not in repr(WithSecret.load())


def test_brokers_follow_the_ports_until_they_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_PORTS", "1,2,3")
    assert KafkaSettings.load().kafka_brokers == "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3"
    monkeypatch.setenv("KAFKA_BROKERS", "broker:9092")
    settings = KafkaSettings.load()
    assert (settings.kafka_brokers, settings.destination_brokers) == ("broker:9092", "broker:9092")


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SOURCE_TOPIC=from_file\nMONGO_PORT=1\n")
    monkeypatch.setenv("MONGO_PORT", "2")
    assert (SourceKafkaSettings.load().source_topic, MongoSettings.load().mongo_port) == ("from_file", 2)


def test_elasticsearchs_own_files_name_the_alias_that_the_stages_use() -> None:
    alias = ElasticsearchSettings.elasticsearch_alias
    files = PROJECT_ROOT / "config" / "elasticsearch"
    metrics = MetricsIndexSettings.metrics_alias
    for file, named in (("index-template.json", alias), ("pipeline-metrics-template.json", metrics)):
        template = json.loads((files / file).read_text())
        assert template["index_patterns"] == [f"{named}-*"]
        assert list(template["template"]["aliases"]) == [named]
    roles = yaml.safe_load((files / "roles.yml").read_text())
    granted = {name for role in roles.values() for grant in role["indices"] for name in grant["names"]}
    assert granted <= {alias, f"{alias}-*", metrics, f"{metrics}-*", PROGRESS_INDEX, INDEX}
    server = yaml.safe_load((files / "elasticsearch.yml").read_text())
    assert f"{alias}-*" in server["action.auto_create_index"].split(",")


def test_stores_are_reached_by_tls_where_the_settings_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "tls" not in MongoSettings.load().mongo_client_options
    assert ElasticsearchSettings.load(elasticsearch_host="search").elasticsearch_url == "http://search:9200"
    for name in ("MONGO", "ELASTICSEARCH"):
        monkeypatch.setenv(f"{name}_TLS", "true")
        monkeypatch.setenv(f"{name}_CA_FILE", "/etc/authority.pem")
    options = MongoSettings.load(mongo_host="store").mongo_client_options
    assert options == {"directConnection": False, "tls": True, "tlsCAFile": "/etc/authority.pem"}
    search = ElasticsearchSettings.load(elasticsearch_host="search")
    assert search.elasticsearch_url == "https://search:9200"
    assert search.elasticsearch_tls_options == {"ca_certs": "/etc/authority.pem"}


@pytest.mark.parametrize(("host", "direct"), [("127.0.0.1", True), ("localhost", True), ("mongodb", False)])
def test_a_replica_set_is_followed_from_its_own_network_only(host: str, direct: bool) -> None:
    assert MongoSettings.load(mongo_host=host).mongo_client_options["directConnection"] is direct


@pytest.mark.parametrize(
    ("settings", "variable", "value", "advice"),
    [
        (SourceKafkaSettings, "SOURCE_SECURITY_PROTOCOL", "TLS", "'SASL_SSL'"),
        (KafkaSettings, "KAFKA_SECURITY_PROTOCOL", "TLS", "'SASL_SSL'"),
        (SourceKafkaSettings, "SOURCE_SASL_MECHANISM", "SCRAM", "'SCRAM-SHA-512'"),
        (KafkaSettings, "KAFKA_SASL_MECHANISM", "SCRAM", "'SCRAM-SHA-512'"),
        (MongoSettings, "MONGO_HOST", "mongodb://localhost:27017", "the host alone"),
        (MongoSettings, "MONGO_HOST", "localhost:27018", "its port goes into MONGO_PORT"),
        (MongoSettings, "MONGO_HOST", "one,two:27018", "its port goes into MONGO_PORT"),
        (LocalServerSettings, "MONGO_HOST", "localhost:27018", "its port goes into MONGO_PORT"),
        (PostgresSettings, "POSTGRES_HOST", "localhost:5432", "its port goes into POSTGRES_PORT"),
        (PostgresSettings, "POSTGRES_HOST", "/run/postgresql,db/x", "the host alone"),
        (ElasticsearchSettings, "ELASTICSEARCH_HOST", "localhost:9201", "its port goes into ELASTICSEARCH_PORT"),
        (ElasticsearchSettings, "ELASTICSEARCH_HOST", "user@db", "the host alone"),
        (ElasticsearchSettings, "ELASTICSEARCH_HOST", "db/x", "the host alone"),
        (ElasticsearchSettings, "ELASTICSEARCH_HOST", "my db", "the host alone"),
        (ElasticsearchSettings, "ELASTICSEARCH_HOST", "one,two", "the host alone"),
        (PostgresSettings, "POSTGRES_HOST", "postgresql://localhost", "the host alone"),
        (ElasticsearchSettings, "ELASTICSEARCH_HOST", "http://localhost:9200", "the host alone"),
        (LocalServerSettings, "MONGO_HOST", "mongodb://localhost:27017", "the host alone"),
        (LocalServerSettings, "KAFKA_HEAP", "lots", "512m"),
        (LocalServerSettings, "KAFKA_HEAP", "2\N{ARABIC-INDIC DIGIT TWO}g", "512m"),
        (LocalServerSettings, "MONGO_CACHE", "lots", "512M"),
        (LocalServerSettings, "MONGO_CACHE", '5"M', "512M"),
        (EtlSettings, "SPARK_DRIVER_MEMORY", "lots", "512m"),
    ],
)
def test_nonsense_is_told_before_a_client_or_a_jvm_stumbles_over_it(
    settings: type[Settings], variable: str, value: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for secret in ("MONGO_ETL_PASSWORD", "POSTGRES_PASSWORD", "VISITOR_HASH_KEY"):
        monkeypatch.setenv(secret, "a secret of at least sixteen characters")
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=f"^{variable}: .*{advice}.*'{value}'"):
        settings.load()


@pytest.mark.parametrize("host", ["::1", "[::1]", " 0:0:0:0:0:0:0:1 "])
def test_an_ipv6_address_is_written_with_or_without_brackets(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for server in ("MONGO", "POSTGRES", "ELASTICSEARCH"):
        monkeypatch.setenv(f"{server}_HOST", host)
    mongo, search = MongoSettings.load(mongo_port=1), ElasticsearchSettings.load()
    client: MongoClient[dict[str, object]] = MongoClient(mongo.mongo_host, mongo.mongo_port, connect=False)
    assert (client._topology_settings.seeds, mongo.mongo_client_options["directConnection"]) == ({("::1", 1)}, True)
    assert search.elasticsearch_url == "http://[::1]:9200"
    assert PostgresSettings.load().postgres_host == "::1"
    reader = ReaderSettings.load(postgres_bi_password="secret")
    assert conninfo_to_dict(reader.connection_line())["host"] == "::1"
    assert "./millrace start" in whether_it_runs(search.elasticsearch_host, "elasticsearch")


@pytest.mark.parametrize("hosts", ["/var/run/postgresql", "@abstract", "one,::1,/run/postgresql", " one , two "])
def test_postgresql_is_named_in_every_way_that_libpq_knows(hosts: str) -> None:
    wanted = hosts.replace(" ", "")
    reader = ReaderSettings.load(postgres_host=hosts, postgres_port=5432, postgres_bi_password="secret")
    assert reader.postgres_host == wanted
    line = conninfo_to_dict(reader.connection_line())
    assert (line["host"], set(str(line["port"]).split(","))) == (wanted, {"5432"})


def test_a_protocol_may_be_written_in_small_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_SECURITY_PROTOCOL", "sasl_ssl")
    assert SourceKafkaSettings.load().source_security_protocol == "SASL_SSL"
