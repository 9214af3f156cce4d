"""docker-compose.yml, read by the real compose tool, against the settings, the files it mounts and the Dockerfile.

No Docker engine is needed: what is checked here is everything that can be wrong before a container starts.
"""

import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from config.settings import PROJECT_ROOT, KafkaSettings, Settings
from tests.compose_file import (
    COMPOSE_FILE,
    FIXED_BY_COMPOSE,
    SECRETS,
    Render,
    Service,
    environment,
    given_to,
    known_variables,
    rendered,
    secrets_of,
    without_settings,
)
from utilities.bootstrap.postgres import EXTENSIONS
from utilities.local_servers.artifacts import Artifacts
from utilities.local_servers.kafka_brokers import local_principals, source_principals
from utilities.local_servers.settings import LocalServerSettings

DOCKERFILE = PROJECT_ROOT / "deploy" / "Dockerfile"
POSTGRES_DOCKERFILE = PROJECT_ROOT / "deploy" / "postgres" / "Dockerfile"
DOCUMENTATION = PROJECT_ROOT / "docs" / "containers.md"
BROKERS = ("source-kafka", "kafka-1", "kafka-2", "kafka-3")
SERVERS = [*BROKERS, "mongodb", "postgres", "elasticsearch"]
# What each container of ours runs; its settings classes are those that these modules use.
STAGE_MODULES = {
    "bootstrap": ["utilities.bootstrap.__main__", "utilities.bootstrap.postgres", "migrations.settings"],
    "mirror": ["kafka.mirror.__main__"],
    "landing": ["kafka.landing"],
    "indexer": ["kafka.indexer"],
    "stream": ["spark.live.settings", "spark.live.metrics_settings"],
    "api": ["serving.settings", "serving.query.settings"],
    "etl": ["spark.settings"],
    "generator": ["utilities.event_generator.delivery"],
    "landing-feeds": ["kafka.landing"],
    "indexer-feeds": ["kafka.indexer"],
    "generator-feeds": ["utilities.feed_generator.settings"],
}  # fmt: skip
# More settings of a stage, in classes without a required variable.
MORE = {
    "etl": ["spark.alert", "spark.enrichment.settings", "spark.quality"],
    "mirror": [],
    "landing": [],
    "indexer": [],
    "api": [],
    "stream": ["spark.enrichment.settings"],
}
# From the source of the image's start script: it makes a broker property of every other variable named KAFKA_*.
KAFKA_IMAGE_OPTIONS = {"KAFKA_HEAP_OPTS", "KAFKA_LOG4J_OPTS"}
# Extensions that come with PostgreSQL itself, in the official image too.
CONTRIBUTED_EXTENSIONS = {"btree_gist"}
# Volumes of earlier versions were formatted with these, and a broker that lost its own must come back to the others.
FORMER_CLUSTER_IDS = {"source-kafka": "t9AYhO6XSMKAAxGniMuNoQ", "kafka": "J7xYpTDPRi6y4pgKPVfdbg"}
WEB_PORTS = {"kibana": 5601, "spark-master": 8080, "akhq": 8180, "adminer": 8380, "api": 8000}


def ours(services: dict[str, Service]) -> dict[str, Service]:
    return {name: service for name, service in services.items() if service["image"].startswith("millrace:")}


def settings_of(modules: list[str]) -> set[type[Settings]]:
    """Settings classes with at least one required variable that the modules define or import."""
    names = [vars(importlib.import_module(module)).values() for module in modules]
    classes = {value for values in names for value in values if isinstance(value, type) and issubclass(value, Settings)}
    return {each for each in classes if any(field.is_required() for field in each.model_fields.values())}


def test_a_missing_secret_is_named_with_the_command_that_makes_it(render: Render) -> None:
    for name in SECRETS:
        result = render({key: value for key, value in SECRETS.items() if key != name})
        assert result.returncode != 0, f"{name} may be missing"
        assert name in result.stderr
        assert "make env" in result.stderr


def test_no_secret_stands_in_the_file_itself() -> None:
    assignments = re.findall(r"^\s*(\w*(?:PASSWORD|SECRET|KEY)\w*): *(.*)$", COMPOSE_FILE.read_text(), re.MULTILINE)
    assert assignments
    assert not [name for name, value in assignments if not re.fullmatch(r"\$\{\w+:\?run make env\}", value)]


def test_every_mounted_file_exists(services: dict[str, Service]) -> None:
    mounts = [mount for service in services.values() for mount in service.get("volumes", [])]
    files = [Path(mount["source"]) for mount in mounts if mount["type"] == "bind"]
    assert files
    assert not [str(path) for path in files if not path.is_file()]
    assert all(mount["read_only"] for mount in mounts if mount["type"] == "bind")


def test_every_variable_of_the_file_is_a_setting_or_documented(services: dict[str, Service]) -> None:
    substituted = set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE_FILE.read_text()))
    passed_on = {name for service in services.values() for name, value in environment(service).items() if value is None}
    documented = set(re.findall(r"^\| `(\w+)`", DOCUMENTATION.read_text(), re.MULTILINE))
    assert documented <= substituted, "docs/containers.md names variables that the file does not have"
    assert substituted | passed_on <= known_variables() | documented


def test_every_variable_given_to_a_stage_is_a_setting(services: dict[str, Service]) -> None:
    known = known_variables()
    for name, service in ours(services).items():
        assert set(environment(service)) <= known, name


@pytest.mark.parametrize("stage", STAGE_MODULES)
def test_a_stage_finds_its_settings_and_no_secret_of_another(
    stage: str, services: dict[str, Service], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    classes = settings_of(STAGE_MODULES[stage])
    assert classes
    without_settings(monkeypatch, tmp_path)
    for name, value in given_to(services[stage]).items():
        monkeypatch.setenv(name, value)
    for each in classes:
        each.load()
    assert set(given_to(services[stage])) & set(SECRETS) == secrets_of(classes)


def test_no_secret_is_on_a_command_line(services: dict[str, Service]) -> None:
    """Every account of a machine may read the words of a process; an environment only its owner."""
    for name, service in services.items():
        words = [service.get("command"), service.get("entrypoint"), service.get("healthcheck", {}).get("test")]
        for text in (word for part in words if part for word in ([part] if isinstance(part, str) else part)):
            assert not [secret for secret in SECRETS.values() if secret in text], name
            for statement in re.split(r"[|;&]", text.replace("$$", "$")):
                # A variable before the command becomes its environment; printf is the shell's own, no process.
                told = re.sub(r"^\s*(\w+=\S+\s+)+", "", statement)
                is_printed = told.lstrip().startswith("printf ")
                assert is_printed or not re.search(r"\$\{?\w*(PASSWORD|SECRET|KEY)", told), f"{name}: {told}"


@pytest.mark.parametrize("stage", [*STAGE_MODULES, "operator"])
def test_a_stage_runs_a_program_that_exists(stage: str, services: dict[str, Service]) -> None:
    command = services[stage]["command"]
    if command[:2] == ["python", "-m"]:
        assert importlib.util.find_spec(command[2]) is not None
    else:
        (program,) = [word for word in command if word.endswith(".py")]
        assert (PROJECT_ROOT / program).is_file()


def test_published_ports_are_those_of_the_settings_and_on_loopback_only(services: dict[str, Service]) -> None:
    published = {}
    for name, service in services.items():
        for port in service.get("ports", []):
            assert port["host_ip"] == "127.0.0.1", name
            published[name] = int(port["published"])
    defaults = {name: field.default for name, field in LocalServerSettings.model_fields.items()}
    brokers = {f"kafka-{i + 1}": int(port) for i, port in enumerate(KafkaSettings().kafka_ports.split(","))}
    stores = {name: defaults[f"{name.removesuffix('db')}_port"] for name in ("mongodb", "postgres", "elasticsearch")}
    assert published == {"source-kafka": defaults["source_port"], **brokers, **stores, **WEB_PORTS}


def test_a_port_set_in_env_moves_the_published_port_and_the_advertised_address(render: Render) -> None:
    moved = {"SOURCE_PORT": "19394", "KAFKA_1_PORT": "19094", "POSTGRES_PORT": "15433", "MONGO_PORT": "37017"}
    services = rendered(render, {**SECRETS, **moved})
    assert [services[name]["ports"][0]["published"] for name in ("source-kafka", "kafka-1", "postgres", "mongodb")] == [
        *moved.values()
    ]
    assert "CLIENT://127.0.0.1:19094" in services["kafka-1"]["environment"]["BROKER_ADVERTISED_LISTENERS"]
    assert services["landing"]["environment"]["MONGO_PORT"] == "27017"


def test_a_setting_in_env_reaches_the_stages_and_a_real_source_the_mirror_alone(render: Render) -> None:
    services = rendered(render, {**SECRETS, "MAX_WORKERS": "9", "SOURCE_BROKERS": "shop.example:9092"})
    assert services["landing"]["environment"]["MAX_WORKERS"] == "9"
    assert services["mirror"]["environment"]["SOURCE_BROKERS"] == "shop.example:9092"
    assert services["bootstrap"]["environment"]["SOURCE_BROKERS"] == "source-kafka:9092"


@pytest.mark.parametrize("stage", ["mirror", "landing", "indexer", "stream", "api", "etl"])
def test_every_setting_of_a_stage_can_be_set_in_env(stage: str, render: Render) -> None:
    named = [vars(importlib.import_module(module)).values() for module in [*STAGE_MODULES[stage], *MORE[stage]]]
    classes = {value for values in named for value in values if isinstance(value, type) and issubclass(value, Settings)}
    settings = {name.upper() for each in classes for name in each.model_fields}
    wanted = {name for name in settings - set(SECRETS) if not FIXED_BY_COMPOSE.search(name)}
    given = rendered(render, {**SECRETS, **dict.fromkeys(wanted, "given")})[stage]["environment"]
    assert {name for name in wanted if given.get(name) != "given"} == set()


def listening(service: Service) -> set[int]:
    """Ports that other containers may use, by the service's own configuration."""
    listeners = environment(service).get("BROKER_LISTENERS")
    if listeners:
        return {int(address.rpartition(":")[2]) for address in listeners.split(",")}
    return {int(port["target"]) for port in service.get("ports", [])}


def addresses(service: Service) -> Iterator[tuple[str, int]]:
    """Host and port of each server that a service is told of."""
    variables = environment(service)
    for name, value in variables.items():
        if value and name.endswith("_BROKERS"):
            for address in value.split(","):
                host, _, port = address.rpartition(":")
                yield host, int(port)
        elif value and name.endswith("_HOST"):
            yield value, int(variables[f"{name.removesuffix('_HOST')}_PORT"] or 0)
    for host, port in re.findall(r"@([\w-]+):(\d+)", variables.get("BROKER_VOTERS") or ""):
        yield host, int(port)


def test_every_address_is_a_service_that_listens_there_in_a_shared_network(services: dict[str, Service]) -> None:
    told = {name: list(addresses(service)) for name, service in services.items()}
    assert all(told[name] for name in [*STAGE_MODULES, *BROKERS, "operator", "akhq", "kibana"])
    for name, found in told.items():
        for host, port in found:
            assert host in services, f"{name}: {host} is no service"
            assert port in listening(services[host]), f"{name}: nothing listens on {host}:{port}"
            assert set(services[name]["networks"]) & set(services[host]["networks"]), f"{name} cannot reach {host}"


def test_only_clients_are_in_more_than_one_network(services: dict[str, Service]) -> None:
    several = {name for name, service in services.items() if len(service["networks"]) > 1}
    stages = {"mirror", "landing", "indexer", "landing-feeds", "indexer-feeds", "stream"}
    assert several == {"bootstrap", *stages, "api", "operator"}


@pytest.mark.parametrize("broker", BROKERS)
def test_a_broker_gets_every_variable_of_its_file_and_no_accidental_property(
    broker: str, services: dict[str, Service]
) -> None:
    variables = environment(services[broker])
    mounted = [Path(mount["source"]) for mount in services[broker]["volumes"] if mount["type"] == "bind"]
    used = {name for path in mounted for name in re.findall(r"\$\{env:(\w+)\}", path.read_text())}
    assert used == {name for name in variables if name.startswith("BROKER_")}
    assert {name for name in variables if name.startswith("KAFKA_")} == KAFKA_IMAGE_OPTIONS
    assert f"{variables['BROKER_ID']}@{broker}:" in (variables["BROKER_VOTERS"] or "")
    assert variables["CLUSTER_ID"] == FORMER_CLUSTER_IDS.get(broker, FORMER_CLUSTER_IDS["kafka"])


def test_a_cluster_is_formatted_with_the_id_of_the_environment_file(render: Render) -> None:
    services = rendered(render, {**SECRETS, "SOURCE_CLUSTER_ID": "theirs", "KAFKA_CLUSTER_ID": "ours"})
    ids = [environment(services[broker])["CLUSTER_ID"] for broker in BROKERS]
    assert ids == ["theirs", "ours", "ours", "ours"]


@pytest.mark.parametrize("broker", BROKERS)
def test_a_broker_advertises_what_it_listens_on_inside_and_what_is_published_outside(
    broker: str, services: dict[str, Service]
) -> None:
    variables, published = environment(services[broker]), services[broker]["ports"][0]
    listeners = dict(re.findall(r"(\w+)://:(\d+)", variables["BROKER_LISTENERS"] or ""))
    advertised = dict(re.findall(r"(\w+)://([\w.-]+:\d+)", variables["BROKER_ADVERTISED_LISTENERS"] or ""))
    assert advertised == {
        "INTERNAL": f"{broker}:{listeners['INTERNAL']}",
        "CLIENT": f"127.0.0.1:{published['published']}",
    }
    assert int(published["published"]) == published["target"] == int(listeners["CLIENT"])


@pytest.mark.parametrize("broker", BROKERS)
def test_a_broker_knows_the_principals_of_the_local_servers_with_their_own_passwords(
    broker: str, services: dict[str, Service], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_settings(monkeypatch, tmp_path)
    principals = source_principals() if broker == "source-kafka" else local_principals()
    jaas = environment(services[broker])["BROKER_JAAS"] or ""
    assert dict(re.findall(r"user_(\w+)='([^']*)'", jaas)) == {
        name: SECRETS[secret.upper()] for name, secret in principals.items()
    }
    assert f"username='broker' password='{SECRETS[principals['broker'].upper()]}'" in jaas


@pytest.mark.parametrize("server", ["elasticsearch", "kibana", "akhq"])
def test_a_mounted_file_finds_every_variable_in_its_container(server: str, services: dict[str, Service]) -> None:
    mounted = [Path(mount["source"]) for mount in services[server]["volumes"] if mount["type"] == "bind"]
    used = {name for path in mounted for name in re.findall(r"\$\{(\w+)\}", path.read_text())}
    assert used
    assert used <= set(environment(services[server]))


@pytest.mark.parametrize("stage", ["mirror", "landing", "indexer", "stream"])
def test_a_stages_health_is_asked_of_servers_that_it_is_told_of(stage: str, services: dict[str, Service]) -> None:
    _, _, script, *variables = services[stage]["healthcheck"]["test"]
    assert (PROJECT_ROOT / script).is_file()
    assert script in DOCKERFILE.read_text()
    assert "KAFKA_BROKERS" in variables and set(variables) <= set(given_to(services[stage]))
    assert ("SOURCE_BROKERS" in variables) == (stage == "mirror")


def test_the_raw_store_is_a_replica_set_whose_password_no_command_line_shows(services: dict[str, Service]) -> None:
    service = services["mongodb"]
    run, check = " ".join(service["command"]), " ".join(service["healthcheck"]["test"])
    named = re.findall(r"mongod --replSet (\w+) --keyFile /data/configdb/", run)
    assert not re.search(r"PASSWORD|password", run + check)
    (script,) = [mount for mount in service["volumes"] if mount["type"] == "bind"]
    assert check.endswith(script["target"])
    text = Path(script["source"]).read_text()
    assert re.findall(r'replSetInitiate: \{ _id: "(\w+)"', text) == named
    assert 'host: "mongodb:27017"' in text
    assert set(re.findall(r"process\.env\.(\w+)", text)) <= set(environment(service))


def test_what_the_raw_store_keeps_besides_its_documents_is_short_and_names_nobody(services: dict[str, Service]) -> None:
    run = " ".join(services["mongodb"]["command"])
    assert re.findall(r"--oplogSize (\d+) --slowms (\d+)", run) == [("64", str(2**31 - 1))]


def test_every_service_has_a_health_check_or_runs_once(services: dict[str, Service]) -> None:
    once = {name for name, service in services.items() if not service.get("healthcheck", {}).get("test")}
    assert once == {"bootstrap", "etl", "generator", "generator-feeds", "operator"}
    assert all(services[name]["restart"] in ("no", "on-failure:5") for name in once)
    assert all(service["restart"] == "unless-stopped" for name, service in services.items() if name not in once)


def test_start_order_is_by_health_from_the_servers_over_bootstrap_to_the_stages(services: dict[str, Service]) -> None:
    for name, service in services.items():
        for needed, dependency in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if needed == "bootstrap" else "service_healthy"
            assert dependency["condition"] == wanted, f"{name} on {needed}"
    assert set(services["bootstrap"]["depends_on"]) == set(SERVERS)
    waiting = {name for name, service in services.items() if "bootstrap" in service.get("depends_on", {})}
    assert waiting >= {*STAGE_MODULES, "operator", "akhq", "kibana", "spark-master"} - {"bootstrap"}


def test_nothing_can_gain_privileges_or_take_the_whole_machine(services: dict[str, Service]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["mem_limit"]) <= 3 * 2**30, name
        assert not {"privileged", "network_mode", "pid", "cap_add"} & set(service), name


def test_images_are_pinned_and_are_the_versions_that_the_tests_run_against(services: dict[str, Service]) -> None:
    images = {name: service["image"] for name, service in services.items()}
    lines = [*DOCKERFILE.read_text().splitlines(), *POSTGRES_DOCKERFILE.read_text().splitlines()]
    images |= {line: line.split()[1] for line in lines if line.startswith("FROM ")}
    assert not [image for image in images.values() if not re.search(r":\d+\.\d+\.?\d*", image)]
    artifacts = Artifacts(Path())
    assert {images[name] for name in BROKERS} == {f"apache/kafka:{artifacts.kafka_version}"}
    assert images["elasticsearch"] == f"elasticsearch:{artifacts.elasticsearch_version}"
    assert images["kibana"] == f"kibana:{artifacts.elasticsearch_version}"


def test_the_stream_has_its_jars_where_the_image_puts_them(services: dict[str, Service]) -> None:
    command = services["stream"]["command"]
    folders = re.findall(r"--jars (\S+)/\*\.jar ", " ".join(command))
    assert re.findall(r"^COPY --from=jars \S+ (\S+)$", DOCKERFILE.read_text(), re.MULTILINE) == folders
    assert "pyspark==" + Artifacts(Path()).spark_version in (PROJECT_ROOT / "requirements.in").read_text()


def test_postgres_is_the_official_image_with_the_extensions_that_bootstrap_creates(
    services: dict[str, Service],
) -> None:
    build, text = services["postgres"]["build"], POSTGRES_DOCKERFILE.read_text()
    assert Path(build["context"]) / build["dockerfile"] == POSTGRES_DOCKERFILE
    base = re.findall(r"^FROM postgres:((\d+)\.\d+)-bookworm$", text, re.MULTILINE)
    assert [f"millrace-postgres:{version}" for version, _ in base] == [services["postgres"]["image"]]
    packages = {f"postgresql-{base[0][1]}-{name}" for name in set(EXTENSIONS) - CONTRIBUTED_EXTENSIONS}
    assert set(re.findall(r"postgresql-\S+", text)) == packages


def test_the_image_is_built_from_files_that_exist_and_that_the_build_may_see(services: dict[str, Service]) -> None:
    build = services["bootstrap"]["build"]
    assert Path(build["context"]) == PROJECT_ROOT
    assert PROJECT_ROOT / build["dockerfile"] == DOCKERFILE
    copied = re.findall(r"^COPY (?!--)(\S+) ", DOCKERFILE.read_text(), re.MULTILINE)
    rules = (PROJECT_ROOT / ".dockerignore").read_text().splitlines()
    admitted = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert rules.index("*") < min(rules.index(f"!{name}") for name in admitted)
    assert set(copied) == admitted
    assert not [name for name in copied if not (PROJECT_ROOT / name).exists()]


def test_the_image_runs_without_root_and_holds_no_secret() -> None:
    text = DOCKERFILE.read_text()
    assert re.findall(r"^USER (\w+)$", text, re.MULTILINE) == ["millrace"]
    assert not re.search(r"PASSWORD|SECRET|TOKEN|_KEY", text)
    python = set(re.findall(r"^FROM python:(\d+\.\d+)", text, re.MULTILINE))
    assert python == {"3.11"}, "requirements.txt is resolved for Python 3.11"


def test_the_command_that_the_messages_name_exists() -> None:
    assert re.search(r"^env: ", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE)


def test_no_formula_of_a_visitor_is_in_kibanas_csv() -> None:
    """Its pages say that this is the default; its sources that it only warns."""
    settings = yaml.safe_load((PROJECT_ROOT / "config" / "kibana" / "kibana.yml").read_text(encoding="utf-8"))
    assert settings["xpack.reporting.csv.escapeFormulaValues"] is True
