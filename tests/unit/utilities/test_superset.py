"""The dashboards of deploy/superset read marts that are there, say what they count, and hold no password."""

import json
import re
import socket
import stat
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from pydantic import SecretStr
from sqlalchemy import make_url

from config.errors import TerminalError
from config.settings import PROJECT_ROOT
from migrations.marts import Mart, read_marts
from tests.superset_sources import Source, by_uuid, charts_of, is_chart, sources
from utilities.local_servers.ephemeral import free_ports
from utilities.superset.bundle import MASK, SOURCES, bundle_files, write_bundle
from utilities.superset.server import refuse_taken_port, superset_environment
from utilities.superset.settings import SupersetSettings, own_secrets, secrets_file

MARTS = {mart.name: mart for mart in read_marts() if mart.kind != "FUNCTION"}
DATASETS, CHARTS, DASHBOARDS = sources("datasets"), sources("charts"), sources("dashboards")
SETTINGS = SupersetSettings(
    postgres_host="db.example", postgres_port=5432, postgres_db="shop", postgres_bi_password=SecretStr("hidden")
)
WORD = re.compile(r"\b[a-z_]+\b")
SUMMED_PER_DAY = re.compile(r"SUM\((bot_)?(visitors|persons|buyers)\)")
"""What the marts say is not to be summed."""


def mart_of(dataset: Source) -> Mart:
    """The mart that a dataset reads: itself, or the one that its statement names."""
    named = re.search(r"FROM mart\.(\w+)", dataset["sql"] or "")
    return MARTS[named[1] if named else dataset["table_name"]]


def columns_of(dataset: Source) -> set[str]:
    """The columns that a chart may name: the mart's, or those that the statement selects."""
    selected = re.search(r"SELECT (.*)\n", dataset["sql"] or "")
    if selected:
        return {re.split(r"\.| AS ", name)[-1] for name in selected[1].split(", ")}
    calculated = {column["column_name"] for column in dataset["columns"] if column.get("expression")}
    return calculated | mart_of(dataset).columns.keys()


def named_columns(chart: Source) -> set[str]:
    """The columns that a chart groups by, filters and lays along its axis."""
    parameters = chart["params"]
    axis = {parameters["x_axis"]} if "x_axis" in parameters else set()
    return {*parameters.get("groupby", ()), *(each["subject"] for each in parameters["adhoc_filters"])} | axis


def named_metrics(chart: Source) -> set[str]:
    """The metrics that a chart shows or is ordered by."""
    parameters = chart["params"]
    single = (parameters.get("metric"), parameters.get("timeseries_limit_metric"))
    return {*parameters.get("metrics", ()), *(name for name in single if name)}


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_reads_a_mart_and_its_metrics_the_marts_columns(name: str) -> None:
    dataset = DATASETS[name]
    assert dataset["main_dttm_col"] in columns_of(dataset)
    mart = mart_of(dataset)
    assert set(re.findall(rf"\b{mart.name}\.(\w+)", dataset["sql"] or "")) <= mart.columns.keys()
    assert {column["column_name"] for column in dataset["columns"]} <= columns_of(dataset)
    for metric in dataset["metrics"]:
        assert set(WORD.findall(metric["expression"])) - {"numeric"} <= columns_of(dataset), metric["metric_name"]
        assert metric["verbose_name"]


@pytest.mark.parametrize("name", DATASETS)
def test_no_metric_sums_what_is_not_to_be_summed(name: str) -> None:
    assert [metric for metric in DATASETS[name]["metrics"] if SUMMED_PER_DAY.search(metric["expression"])] == []


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_names_metrics_and_columns_of_its_dataset(name: str) -> None:
    chart = CHARTS[name]
    dataset = by_uuid("datasets")[chart["dataset_uuid"]]
    assert named_columns(chart) <= columns_of(dataset)
    assert named_metrics(chart) <= {metric["metric_name"] for metric in dataset["metrics"]}
    assert chart["description"]


@pytest.mark.parametrize("name", CHARTS)
def test_what_a_chart_is_asked_for_by_the_api_is_what_it_shows(name: str) -> None:
    """Superset keeps both: `params`, which the page draws by, and the query that the page last made of them."""
    chart = CHARTS[name]
    (query,) = json.loads(chart["query_context"])["queries"]
    assert {*query["metrics"], *(name for name, _ in query.get("orderby", []))} == named_metrics(chart)
    grouped = {each if isinstance(each, str) else each["sqlExpression"] for each in query["columns"]}
    filtered = {each["col"] for each in query["filters"]}
    assert grouped | filtered == named_columns(chart)


def test_revenue_is_never_added_over_currencies() -> None:
    revenue = DATASETS["revenue"]["uuid"]
    shown = [
        chart
        for chart in CHARTS.values()
        if chart["dataset_uuid"] == revenue and any("revenue" in metric for metric in named_metrics(chart))
    ]
    assert shown
    assert all("currency" in chart["params"]["groupby"] for chart in shown)


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_of_kept_days_alone_says_so(name: str) -> None:
    """Beside sessions, orders and revenue, which outlive the events."""
    chart = CHARTS[name]
    if "whose events are kept" in mart_of(by_uuid("datasets")[chart["dataset_uuid"]]).grain:
        assert "whose events are kept" in chart["description"]
        assert chart["slice_name"] not in {"Sessions", "Orders", "Conversion"}


def test_campaigns_are_those_that_have_a_key() -> None:
    """A campaign may have no source, such as one that a click id alone tells."""
    (compared,) = [each for each in CHARTS["campaigns"]["params"]["adhoc_filters"] if each["subject"] != "date"]
    assert (compared["subject"], compared["operator"], compared["comparator"]) == ("campaign_key", ">", 0)


def test_a_mart_with_an_audience_is_shown_by_audience() -> None:
    for name, chart in CHARTS.items():
        if "audience" in columns_of(by_uuid("datasets")[chart["dataset_uuid"]]):
            assert "audience" in named_columns(chart), name


def test_every_chart_stands_on_one_of_the_dashboards() -> None:
    placed = [uuid for dashboard in DASHBOARDS.values() for uuid in charts_of(dashboard)]
    assert sorted(placed) == sorted(by_uuid("charts"))
    for dashboard in DASHBOARDS.values():
        for part in filter(is_chart, dashboard["position"].values()):
            assert part["meta"]["sliceName"] == by_uuid("charts")[part["meta"]["uuid"]]["slice_name"]


@pytest.mark.parametrize("host", ["db.example", "::1", "/var/run/postgresql", "@abstract", "one,::1,/run/postgresql"])
def test_superset_finds_the_warehouse_wherever_libpq_does(host: str) -> None:
    settings = SETTINGS.model_copy(update={"postgres_host": host})
    url = make_url(yaml.safe_load(bundle_files(settings)["databases/warehouse.yaml"])["sqlalchemy_uri"])
    _, given = url.get_dialect()().create_connect_args(url)
    assert (given["host"], given["dbname"], given["user"]) == (host, "shop", "bi_reader")
    assert set(str(given["port"]).split(",")) == {"5432"}


def test_the_bundle_names_this_warehouse_and_holds_no_password(tmp_path: Path) -> None:
    database = yaml.safe_load(bundle_files(SETTINGS)["databases/warehouse.yaml"])
    assert database["sqlalchemy_uri"] == f"postgresql+psycopg2://bi_reader:{MASK}@db.example:5432/shop"
    assert (database["allow_dml"], database["allow_ctas"], database["allow_csv_upload"]) == (False, False, False)
    write_bundle(tmp_path / "bundle.zip", SETTINGS)
    with ZipFile(tmp_path / "bundle.zip") as archive:
        assert len(archive.namelist()) == len(bundle_files(SETTINGS)) > len(CHARTS)
        assert not any(b"hidden" in archive.read(name) for name in archive.namelist())
    for file in SOURCES.rglob("*.yaml"):
        assert not re.search(r"password", file.read_text(), re.IGNORECASE), file.name


def test_superset_s_secrets_are_generated_once_with_mode_600(tmp_path: Path) -> None:
    first = own_secrets(tmp_path)
    assert len(set(first.values())) == 2 and all(len(value) >= 42 for value in first.values())
    assert stat.S_IMODE(secrets_file(tmp_path).stat().st_mode) == 0o600
    assert own_secrets(tmp_path) == first


def test_superset_finds_none_of_our_packages(tmp_path: Path) -> None:
    """Its own libraries have a `config` and a `utilities`, too."""
    environment = superset_environment(tmp_path, "key")
    assert (environment["PYTHONPATH"], environment["PYTHONSAFEPATH"]) == ("", "")
    assert Path(environment["SUPERSET_CONFIG_PATH"]).exists()


def test_a_taken_port_is_told_in_one_line() -> None:
    (port,) = free_ports(1)
    refuse_taken_port(port)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", port))
        listening.listen()
        with pytest.raises(TerminalError, match=f"port {port} is taken.*SUPERSET_PORT"):
            refuse_taken_port(port)


def test_the_pins_of_superset_are_locked_with_hashes() -> None:
    named = re.findall(r"^([\w-]+)==([\w.]+)", (SOURCES / "requirements.in").read_text(), re.MULTILINE)
    locked = (SOURCES / "requirements.txt").read_text()
    assert named and all(f"{name}=={version} \\\n    --hash=sha256:" in locked for name, version in named)
    assert ".venv-superset/" in (PROJECT_ROOT / ".gitignore").read_text()
