"""The three schedules and `./millrace etl` are one run: one command, one environment, one status for a refused run."""

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest.mock import MagicMock

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from config.errors import UnderWayError
from config.settings import PROJECT_ROOT
from spark.alert import AlertSettings
from spark.enrichment.settings import EnrichmentSettings
from spark.settings import EtlSettings
from utilities.command import etl
from utilities.command.environment import SPARK

DEPLOY = PROJECT_ROOT / "deploy"
DAG_FILE = DEPLOY / "airflow" / "dags" / "millrace_etl.py"
SERVICE_FILE = DEPLOY / "systemd" / "millrace-etl.service"
TIMER_FILE = DEPLOY / "systemd" / "millrace-etl.timer"
MANIFEST = DEPLOY / "kubernetes" / "etl-cronjob.yaml"
# The first in which all that the manifest uses is stable (podFailurePolicy), and the newest that is known.
KUBERNETES_VERSIONS = ("1.31", kubernetes_validate.latest_version())
EVERY_QUARTER_OF_AN_HOUR = "*/15 * * * *"


class Run(NamedTuple):
    """What is run where: paths relative to the checkout, those of the Python environment to that."""

    directory: str
    words: tuple[str, ...]
    python: str
    spark_configuration: str

    @classmethod
    def of(cls, checkout: str, prefix: str, directory: str, command: str, environment: dict[str, str]) -> "Run":
        texts = [directory, command, environment["PYSPARK_PYTHON"], environment["SPARK_CONF_DIR"]]
        texts = [text.replace(prefix, "PREFIX").replace(checkout, "CHECKOUT") for text in texts]
        return cls(texts[0], tuple(texts[1].split()), texts[2], texts[3])


EXPECTED = Run("CHECKOUT", ("PREFIX/bin/spark-submit", "spark/etl.py"), "PREFIX/bin/python", "CHECKOUT/config/spark")


def unit(path: Path) -> dict[str, list[str]]:
    """The values of each key of a systemd unit, in their order."""
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", path.read_text(), re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


@pytest.fixture
def dag(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments that the DAG file gives to DAG and BashOperator; Airflow itself runs it in tests/integration."""
    dag, operator = MagicMock(), MagicMock()
    modules: dict[str, dict[str, MagicMock]] = {
        "airflow": {},
        "airflow.sdk": {"DAG": dag},
        "airflow.providers.standard.operators.bash": {"BashOperator": operator},
    }
    for name, contents in modules.items():
        module = ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delenv("MILLRACE_CHECKOUT", raising=False)
    runpy.run_path(str(DAG_FILE))
    return dict(dag.call_args.kwargs), dict(operator.call_args.kwargs)


def manifest(kind: str) -> dict[str, Any]:
    (found,) = [each for each in yaml.safe_load_all(MANIFEST.read_text()) if each["kind"] == kind]
    return dict(found)


def job() -> dict[str, Any]:
    return dict(manifest("CronJob")["spec"]["jobTemplate"]["spec"])


def container() -> dict[str, Any]:
    (found,) = job()["template"]["spec"]["containers"]
    return dict(found)


def image_environment() -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", (DEPLOY / "Dockerfile").read_text().partition("\nENV ")[2]))


def test_a_wrong_memory_is_told_before_a_jvm_is_started_with_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for secret in ("MONGO_ETL_PASSWORD", "POSTGRES_PASSWORD", "VISITOR_HASH_KEY"):
        monkeypatch.setenv(secret, "a secret of at least sixteen characters")
    monkeypatch.setenv("SPARK_DRIVER_MEMORY", "lots")
    monkeypatch.setattr("os.execv", lambda _, words: pytest.fail(f"{words} was run"))
    assert etl.main([]) == 1
    assert capsys.readouterr().err.startswith("etl: SPARK_DRIVER_MEMORY: ")


def test_the_command_line_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for secret in ("MONGO_ETL_PASSWORD", "POSTGRES_PASSWORD", "VISITOR_HASH_KEY"):
        monkeypatch.setenv(secret, "a secret of at least sixteen characters")
    called: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda _, words: called.append(words))
    etl.main(["--wait"])
    (words,) = called
    assert words.pop() == "--wait"
    # It may be called from any folder, so it names the script whole.
    command = " ".join(words).replace(f"{PROJECT_ROOT}/spark", "spark")
    prefix = f"{PROJECT_ROOT}/.venv"
    assert Run.of(str(PROJECT_ROOT), prefix, str(PROJECT_ROOT), command, SPARK) == EXPECTED


def test_the_airflow_dag_runs_it(dag: tuple[dict[str, Any], dict[str, Any]]) -> None:
    arguments, task = dag
    command = task["bash_command"].replace(".venv", f"{PROJECT_ROOT}/.venv")
    assert Run.of(str(PROJECT_ROOT), f"{PROJECT_ROOT}/.venv", task["cwd"], command, task["env"]) == EXPECTED
    assert arguments["schedule"] == EVERY_QUARTER_OF_AN_HOUR
    assert (arguments["max_active_runs"], arguments["catchup"]) == (1, False)
    assert task["skip_on_exit_code"] == UnderWayError.exit_status


def test_the_systemd_service_runs_it() -> None:
    service = unit(SERVICE_FILE)
    environment = dict(line.split("=", 1) for line in service["Environment"])
    (place,), (command,) = service["WorkingDirectory"], service["ExecStart"]
    assert Run.of(place, f"{place}/.venv", place, command, environment) == EXPECTED
    assert service["Type"] == ["oneshot"]
    assert str(UnderWayError.exit_status) in service["SuccessExitStatus"]
    timer = unit(TIMER_FILE)
    assert (timer["OnCalendar"], timer["Persistent"]) == (["*:0/15"], ["true"])


def test_the_kubernetes_cron_job_runs_it() -> None:
    image = image_environment()
    prefix, pod = image["PATH"].partition("/bin:")[0], container()
    command = " ".join([f"{prefix}/bin/{pod['command'][0]}", *pod["command"][1:]])
    assert Run.of("/app", prefix, pod["workingDir"], command, image) == EXPECTED
    spec = manifest("CronJob")["spec"]
    assert (spec["schedule"], spec["concurrencyPolicy"]) == (EVERY_QUARTER_OF_AN_HOUR, "Forbid")
    assert job()["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [UnderWayError.exit_status]


def test_docker_compose_runs_it_on_its_cluster() -> None:
    services = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text())["services"]
    assert services["etl"]["command"] == ["spark-submit", "--master", "spark://spark-master:7077", "spark/etl.py"]
    assert services["etl"]["image"] == container()["image"]


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: the units were not read by systemd")
    for file in (SERVICE_FILE, TIMER_FILE):
        text = file.read_text().replace("/opt/millrace/.venv", sys.prefix).replace("/opt/millrace", str(PROJECT_ROOT))
        (tmp_path / file.name).write_text(text)
    units = [str(tmp_path / file.name) for file in (SERVICE_FILE, TIMER_FILE)]
    result = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    # A key that systemd does not know is a line of its output, not a status.
    assert (result.returncode, [line for line in result.stderr.splitlines() if "millrace" in line]) == (0, [])


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
def test_the_manifests_are_what_kubernetes_specifies(version: str) -> None:
    documents = list(yaml.safe_load_all(MANIFEST.read_text()))
    assert [each["kind"] for each in documents] == ["ConfigMap", "CronJob"]
    for each in documents:
        try:
            kubernetes_validate.validate(each, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            # Its own text is the whole schema.
            pytest.fail(f"{each['kind']} {'.'.join(map(str, error.path))}: {error.message}", pytrace=False)


def test_the_container_finds_its_settings_and_every_secret_by_reference(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    classes = (EtlSettings, EnrichmentSettings, AlertSettings)
    known = {name.upper() for each in classes for name in each.model_fields}
    settings = manifest("ConfigMap")["data"]
    references = {entry["name"]: entry["valueFrom"]["secretKeyRef"] for entry in container()["env"]}
    assert set(settings) | set(references) <= known
    assert not [name for name in settings if re.search("PASSWORD|KEY|WEBHOOK", name)]
    assert all(reference["key"] == name for name, reference in references.items())
    for name in known:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(tmp_path / "absent"))
    given = {name: "0123456789abcdef" for name, reference in references.items() if not reference.get("optional")}
    for name, value in {**settings, **given}.items():
        monkeypatch.setenv(name, value)
    for each in classes:
        each.load()


def test_the_container_runs_as_the_images_user_and_can_write_to_tmp_alone() -> None:
    pod, security = job()["template"]["spec"], container()["securityContext"]
    user = re.search(r"useradd --uid (\d+)", (DEPLOY / "Dockerfile").read_text())
    assert user is not None
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsNonRoot"]) == (int(user[1]), True)
    assert (security["readOnlyRootFilesystem"], security["allowPrivilegeEscalation"]) == (True, False)
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert [mount["mountPath"] for mount in container()["volumeMounts"]] == ["/tmp"]
    # Otherwise a service named postgres gives the pod a POSTGRES_PORT that is a URL.
    assert pod["enableServiceLinks"] is False
