"""Errors of the Kafka client as one line that says what to do, and whether waiting helps."""

import logging
from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException
from pydantic import SecretStr

from config.errors import AccessError, MillraceError, TerminalError, UnavailableError
from config.kafka_client import ClientConfig, client_config
from config.operator_logins import OperatorKafkaSettings, SourceReaderSettings
from config.secret_settings import SecretSettings
from kafka import waiting
from kafka.client import RefusedLogin, explain
from kafka.mirror.settings import MirrorSettings
from utilities.event_generator.delivery import SourceGeneratorSettings

DOING = "reading product_views at host:9092"
LANDING = client_config(
    "c:1", "SASL_PLAINTEXT", "PLAIN", "landing", SecretStr("wrong"), password_variable="KAFKA_LANDING_PASSWORD"
)


@pytest.mark.parametrize(
    ("code", "kind", "advice"),
    [
        (KafkaError._AUTHENTICATION, AccessError, "wrong user name or password"),
        (KafkaError.SASL_AUTHENTICATION_FAILED, AccessError, "wrong user name or password"),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, AccessError, "does not exist, or the principal has no permission"),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, AccessError, "consumer group"),
        (KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, AccessError, "transactional id"),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, TerminalError, "does not exist"),
        (KafkaError._FENCED, TerminalError, "run only one"),
        (KafkaError.MSG_SIZE_TOO_LARGE, TerminalError, "max.message.bytes"),
        (KafkaError._TRANSPORT, UnavailableError, "is the server running"),
        (KafkaError._ALL_BROKERS_DOWN, UnavailableError, "is the server running"),
        (KafkaError.NOT_ENOUGH_REPLICAS, UnavailableError, "is the server running"),
        (KafkaError.INVALID_CONFIG, TerminalError, "INVALID_CONFIG"),
        (KafkaError.UNSUPPORTED_VERSION, TerminalError, "UNSUPPORTED_VERSION"),
        # What no table names, and what a server says when it is not itself.
        *(
            (code, UnavailableError, "it may pass")
            for code in (
                KafkaError.UNKNOWN,
                KafkaError.INVALID_MSG,
                KafkaError.OFFSET_NOT_AVAILABLE,
                KafkaError.INCONSISTENT_TOPIC_ID,
                KafkaError.THROTTLING_QUOTA_EXCEEDED,
                KafkaError.INVALID_RECORD,
                KafkaError.POLICY_VIOLATION,
                9_999,
            )
        ),
    ],
)
def test_an_error_says_where_and_what_to_do(code: int, kind: type[MillraceError], advice: str) -> None:
    problem = explain(KafkaException(KafkaError(code)), DOING)
    assert isinstance(problem, kind)
    assert DOING in str(problem)
    assert advice in str(problem)
    assert "\n" not in str(problem)


def test_an_aborted_transaction_is_tried_again() -> None:
    assert isinstance(explain(KafkaError(KafkaError._FAIL, "x", txn_requires_abort=True), DOING), UnavailableError)


def test_a_missing_permission_is_never_waited_for() -> None:
    refused = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, "x", txn_requires_abort=True)
    assert isinstance(explain(refused, DOING), AccessError)


def test_client_properties_name_the_brokers_and_the_login() -> None:
    config = client_config("a:1,b:2", "SASL_PLAINTEXT", "PLAIN", "mirror", SecretStr("secret"), "SOURCE_PASSWORD")
    assert config["bootstrap.servers"] == "a:1,b:2"
    assert (config["sasl.username"], config["sasl.password"]) == ("mirror", "secret")
    assert "ssl.ca.location" not in config


def test_brokers_are_trusted_by_the_authority_that_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("SOURCE_CA_FILE", "/etc/source.pem")
    monkeypatch.setenv("KAFKA_CA_FILE", "/etc/local.pem")
    secret = SecretStr("secret")
    settings = MirrorSettings.load(source_password=secret, kafka_mirror_password=secret)
    assert (settings.source["security.protocol"], settings.source["ssl.ca.location"]) == ("SASL_SSL", "/etc/source.pem")
    assert settings.destination["ssl.ca.location"] == "/etc/local.pem"


def test_a_refused_login_is_believed_until_it_has_worked_once() -> None:
    refused = RefusedLogin(LANDING)
    refused(KafkaError(KafkaError._TRANSPORT))
    assert refused.error is None
    refused(KafkaError(KafkaError._AUTHENTICATION))
    assert refused.error is not None


@pytest.mark.parametrize(
    ("client", "variable", "user"),
    [
        (lambda: MirrorSettings.load().source, "SOURCE_PASSWORD", "mirror"),
        (lambda: MirrorSettings.load().destination, "KAFKA_MIRROR_PASSWORD", "mirror"),
        (lambda: SourceReaderSettings.load().client(), "SOURCE_PASSWORD", "mirror"),
        (lambda: OperatorKafkaSettings.load().client(), "KAFKA_OPERATOR_PASSWORD", "operator"),
        (lambda: SourceGeneratorSettings.load().client(), "SOURCE_GENERATOR_PASSWORD", "generator"),
    ],
)
def test_a_refused_login_names_the_variable_of_the_many_in_an_environment_file(
    client: Callable[[], ClientConfig], variable: str, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SecretSettings.model_fields:
        monkeypatch.setenv(name.upper(), "all the same")
    config = client()
    refused = RefusedLogin(config)
    refused(KafkaError(KafkaError._AUTHENTICATION))
    assert refused.error is not None
    assert f"check {variable} of user {user}" in str(explain(refused.error, DOING))
    Consumer({**config, "group.id": "any"}).close()  # knows all of the properties


def test_a_login_that_has_worked_is_tried_again_when_a_broker_refuses_it(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 0.0)
    config = client_config("a:1", "SASL_PLAINTEXT", "PLAIN", "mirror", SecretStr("secret"), "SOURCE_PASSWORD")
    RefusedLogin(config).works()
    refused = RefusedLogin(config)
    with caplog.at_level(logging.WARNING):
        refused(KafkaError(KafkaError.SASL_AUTHENTICATION_FAILED))
    assert refused.error is None
    assert "tried again" in caplog.text
    for other in (config | {"sasl.password": "another"}, config | {"bootstrap.servers": "b:1"}, {}):
        assert not RefusedLogin(other).has_worked
