"""Who gets which rights: by the names of the settings, no two by one name, and former rights of ours taken back."""

import importlib
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)
from pydantic import SecretStr

from config.errors import ConfigurationError
from config.principals import (
    ElasticsearchPrincipals,
    KafkaPrincipals,
    MongoPrincipals,
    PostgresPrincipals,
    Principals,
    SourcePrincipals,
)
from config.secret_settings import SecretSettings
from config.settings import PROJECT_ROOT, ElasticsearchSettings, KafkaSettings, Settings, SourceKafkaSettings
from utilities.bootstrap import elasticsearch
from utilities.bootstrap.elasticsearch import analyst_role
from utilities.bootstrap.kafka_acls import marks, stale_acls
from utilities.bootstrap.kafka_grants import DELETE, DESCRIBE, READ, TOPIC, WRITE, allow, local_grants, source_grants
from utilities.bootstrap.kafka_topics import differences, our_topics

SERVERS: list[type[Principals]] = [
    SourcePrincipals,
    KafkaPrincipals,
    MongoPrincipals,
    PostgresPrincipals,
    ElasticsearchPrincipals,
]
OWN = {"product_views", "product_views_dead_letters"}


@pytest.fixture(autouse=True)
def defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Settings as they are without any variable."""
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(tmp_path / "absent"))
    classes: list[type[Settings]] = [*SERVERS, KafkaSettings, SourceKafkaSettings]
    for each in classes:
        for name in each.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)


def grants(**names: str) -> set[AclBinding]:
    return local_grants(KafkaSettings.load(), KafkaPrincipals.load(**names))


def of(acls: set[AclBinding], principal: str) -> set[AclBinding]:
    return {acl for acl in acls if acl.principal == f"User:{principal}"}


def renamed(acls: set[AclBinding], former: str, name: str) -> set[tuple[Any, ...]]:
    return {
        (acl.restype, acl.name, acl.resource_pattern_type, acl.operation)
        for acl in acls
        if acl.principal == f"User:{former}" or acl.principal == f"User:{name}"
    }


def applications() -> Iterator[type[Settings]]:
    """The settings of every program of the project."""
    for folder in ("anomalies", "config", "kafka", "migrations", "serving", "spark", "utilities"):
        for path in sorted((PROJECT_ROOT / folder).rglob("*.py")):
            if re.search(r"^class \w+\(.*Settings\)", path.read_text(), re.MULTILINE):
                module = importlib.import_module(".".join(path.relative_to(PROJECT_ROOT).with_suffix("").parts))
                for value in vars(module).values():
                    if isinstance(value, type) and issubclass(value, Settings) and not issubclass(value, Principals):
                        yield value


def test_bootstrap_names_every_login_as_the_application_does() -> None:
    named = {field: each.model_fields[field].default for each in SERVERS for field in each.secrets}
    used = {
        (field, settings.model_fields[field].default)
        for settings in applications()
        for field in settings.model_fields
        if field.endswith(("_username", "_user"))
    }
    assert used <= set(named.items())
    # Those of AKHQ and Kibana are used by programs that are not ours.
    assert {field for field, _ in used} | {"kafka_akhq_username", "elasticsearch_analyst_user"} == set(named)
    assert {secret for each in SERVERS for secret in each.secrets.values()} <= set(SecretSettings.model_fields)


@pytest.mark.parametrize("server", SERVERS)
def test_two_applications_with_one_name_are_refused(server: type[Principals]) -> None:
    first, second, *_ = server.secrets
    with pytest.raises(ConfigurationError, match=rf"^{second.upper()}: is mine, as {first.upper()} is"):
        server.load(**{first: "mine", second: "mine"})


@pytest.mark.parametrize("server", SERVERS)
def test_no_application_takes_the_servers_own_name(server: type[Principals]) -> None:
    field = next(iter(server.secrets))
    for reserved in server.reserved:
        with pytest.raises(ConfigurationError, match=rf"^{field.upper()}: is {reserved}, which may do everything"):
            server.load(**{field: reserved})


def test_a_name_that_would_break_the_quoting_of_a_login_file_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^KAFKA_MIRROR_USERNAME: "):
        KafkaPrincipals.load(kafka_mirror_username="a' user_admin='x")


@pytest.mark.parametrize("role", ["mirror", "landing", "indexer", "stream", "operator", "akhq", "api"])
def test_the_rights_at_the_local_cluster_follow_each_name(role: str) -> None:
    moved = grants(**{f"kafka_{role}_username": "other"})
    assert of(moved, role) == set()
    assert renamed(moved, "other", "other") == renamed(grants(), role, role)


@pytest.mark.parametrize(("field", "name"), [("source_username", "mirror"), ("source_generator_username", "generator")])
def test_the_rights_at_the_source_follow_each_name(field: str, name: str) -> None:
    settings = SourceKafkaSettings.load()
    before = source_grants(settings, SourcePrincipals.load())
    moved = source_grants(settings, SourcePrincipals.load(**{field: "other"}))
    assert of(moved, name) == set()
    assert renamed(moved, "other", "other") == renamed(before, name, name)


def test_the_pages_may_only_look() -> None:
    looking = {READ, DESCRIBE, AclOperation.DESCRIBE_CONFIGS}
    pages = of(grants(), "akhq")
    assert pages
    for acl in pages:
        assert acl.operation in looking
        # READ on a group is the right to commit offsets for it.
        assert not (acl.restype == ResourceType.GROUP and acl.operation == READ)


def test_only_the_operator_may_write_the_list_of_forgotten_visitors() -> None:
    rights = {(acl.principal, acl.operation) for acl in grants() if acl.name == "millrace.forgotten"}
    readers = {(f"User:{name}", each) for name in ("landing", "indexer", "stream") for each in (READ, DESCRIBE)}
    assert rights == readers | {("User:operator", each) for each in (READ, WRITE, DESCRIBE)}


def test_a_former_name_keeps_no_right_and_no_mark() -> None:
    before, after = grants(), grants(kafka_mirror_username="copier", kafka_landing_username="lander")
    known = before | marks(before) | after | marks(after)
    stale = stale_acls(known, after | marks(after), OWN)
    assert stale == of(known, "mirror") | of(known, "landing")


def test_a_right_that_is_not_granted_any_more_is_taken_back() -> None:
    wanted = grants() | marks(grants())
    former = allow("landing", TOPIC, "product_views", WRITE) | allow("mirror", TOPIC, "millrace.mirror-offsets", DELETE)
    assert stale_acls(wanted | former, wanted, OWN) == former


def test_rights_that_are_not_ours_are_left_alone() -> None:
    wanted = grants() | marks(grants())
    denied = AclBinding(
        TOPIC, "product_views", ResourcePatternType.LITERAL, "User:mirror", "*", WRITE, AclPermissionType.DENY
    )
    one_host = AclBinding(
        TOPIC, "product_views", ResourcePatternType.LITERAL, "User:mirror", "10.0.0.1", DELETE, AclPermissionType.ALLOW
    )
    others = (
        allow("dashboard", TOPIC, "product_views", READ)
        | allow("dashboard", TOPIC, "product", READ, prefix=True)
        | allow("mirror", TOPIC, "another_topic", READ)
        | {denied, one_host}
    )
    assert stale_acls(wanted | others, wanted, OWN) == set()


def test_another_installation_on_the_same_cluster_is_left_alone() -> None:
    here = grants() | marks(grants())
    settings = KafkaSettings.load(destination_topic="theirs", dead_letter_topic="their_dead_letters")
    names = {
        f"kafka_{role}_username": f"their-{role}"
        for role in ("mirror", "landing", "indexer", "operator", "akhq", "api")
    }
    theirs = local_grants(settings, KafkaPrincipals.load(**names))
    theirs |= marks(theirs)
    # They share the groups' prefixes and, by default, the topic of offsets.
    assert stale_acls(here | theirs, here, OWN) == set()
    assert stale_acls(here | theirs, theirs, {"theirs", "their_dead_letters"}) == set()


def test_a_next_generation_of_the_topic_leaves_the_rights_on_the_former_one() -> None:
    before = grants()
    settings = KafkaSettings.load(destination_topic="product_views.2")
    after = local_grants(settings, KafkaPrincipals.load())
    known = before | marks(before) | after
    assert stale_acls(known, after | marks(after), {"product_views.2", "product_views_dead_letters"}) == set()
    operations = {acl.operation for acl in of(after, "operator") if acl.name == "product_views.2"}
    assert {READ, WRITE, DESCRIBE} <= operations


def test_a_topic_is_mended_where_it_differs_and_a_wider_limit_is_left() -> None:
    wanted = our_topics(KafkaSettings.load(kafka_min_insync=1, kafka_retention_ms=86_400_000))
    by_name = {topic.name: dict(topic.config) for topic in wanted}
    main, letters = by_name["product_views"], by_name["product_views_dead_letters"]
    assert (main["min.insync.replicas"], main["retention.ms"], main["retention.bytes"]) == ("1", "86400000", "-1")
    assert letters["retention.ms"] == "-1"
    found = {**letters, "retention.ms": "604800000", "max.message.bytes": str(10**9), "segment.ms": "1"}
    assert differences(letters, found) == {"retention.ms": "-1"}
    assert differences(letters, {**letters, "max.message.bytes": "1048588"}) == {
        "max.message.bytes": letters["max.message.bytes"]
    }


def test_the_analyst_is_kept_from_the_event_as_sent_where_the_licence_can() -> None:
    kept = analyst_role({"type": "platinum", "status": "active"})
    by_index = {index["names"][0]: index.get("field_security", {}).get("except") for index in kept["indices"]}
    assert by_index == {"product-views": ["event", "event.*"], "pipeline-metrics": None}
    open_role = analyst_role({"type": "basic", "status": "active"})
    assert not any("field_security" in index for index in open_role["indices"])
    for role in (kept, open_role):
        assert {privilege for index in role["indices"] for privilege in index["privileges"]} == {
            "read",
            "view_index_metadata",
        }
        assert "cluster" not in role


class FakeSecurity:
    """What Elasticsearch's security API is asked to do."""

    def __init__(self) -> None:
        self.roles: dict[str, dict[str, Any]] = {}
        self.users: dict[str, dict[str, Any]] = {
            "old-indexer": {"metadata": {"millrace": True}},
            "someone": {"metadata": {}},
        }
        self.disabled: list[str] = []

    def put_role(self, name: str, **role: Any) -> None:
        self.roles[name] = role

    def put_user(self, username: str, **user: Any) -> None:
        self.users[username] = user

    def get_user(self) -> dict[str, dict[str, Any]]:
        return self.users

    def disable_user(self, username: str) -> None:
        self.disabled.append(username)

    def change_password(self, username: str, password: str) -> None: ...


def test_elasticsearch_users_follow_their_names_and_former_ones_are_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    security = FakeSecurity()
    client = SimpleNamespace(
        security=security, license=SimpleNamespace(get=lambda: {"license": {"type": "basic", "status": "active"}})
    )
    monkeypatch.setattr(elasticsearch, "_realm", lambda *login: None)
    monkeypatch.setenv("ELASTICSEARCH_INDEXER_USER", "new-indexer")
    secrets = SecretSettings(**{name: SecretStr(f"secret-{name}") for name in SecretSettings.model_fields})
    elasticsearch._ensure_users(client, ElasticsearchSettings.load(), secrets)  # type: ignore[arg-type]
    roles = {user: made["roles"] for user, made in security.users.items() if "roles" in made}
    assert roles == {
        "new-indexer": ["indexer"],
        "reader": ["reader"],
        "operator": ["operator"],
        "stream": ["stream"],
        "analyst": ["analyst"],
    }
    assert set(security.roles) == {"indexer", "reader", "operator", "stream", "analyst"}
    assert security.disabled == ["old-indexer"]
