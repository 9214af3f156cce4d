"""What is loaded into Kibana: whole, of fields that exist, in the shapes that Kibana itself exports."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import combinations
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from config.errors import AccessError, TerminalError, UnavailableError
from spark.live.metrics_index import Row, action
from tests.panel_queries import columns_of, fields_of, matching, number_of, request
from utilities.kibana.__main__ import main
from utilities.kibana.loading import load
from utilities.kibana.saved_objects import as_lines, saved_objects, searched_fields
from utilities.kibana.settings import KibanaSettings
from utilities.kibana.sources import GRID_WIDTH, read_dashboards

OBJECTS = saved_objects()
FIELDS = searched_fields()
NUMBERS = {"long", "integer", "double"}
PANELS = [each for each in OBJECTS if each["type"] == "lens"]

OBJECT = {"id", "type", "attributes", "references", "managed", "coreMigrationVersion", "typeMigrationVersion"}
# Of every exported object of its type and version; exports of Kibana 8.14 and of the packages of elastic/integrations.
ATTRIBUTES = {
    "lens": {"title", "description", "visualizationType", "state"},
    "dashboard": {
        "title",
        "description",
        "version",
        "timeRestore",
        "optionsJSON",
        "panelsJSON",
        "kibanaSavedObjectMeta",
    },
    "search": {"title", "description", "columns", "sort", "kibanaSavedObjectMeta"},
    "index-pattern": {"title", "timeFieldName"},
}
# The types whose schema in Kibana 8 forbids what it does not name: what it names beyond the above, as far as we use it.
NAMED = {
    "dashboard": {"timeFrom", "timeTo", "refreshInterval"},
    "search": {"grid", "hideChart", "isTextBasedQuery", "usesAdHocDataView", "timeRestore"},
}
STATE = {"visualization", "query", "filters", "datasourceStates", "internalReferences", "adHocDataViews"}
LAYER = {"columns", "columnOrder", "sampling", "ignoreGlobalFilters", "incompleteColumns"}
COLUMN = {"label", "dataType", "operationType", "sourceField", "isBucketed", "scale", "params"}
PARAMS = {
    "date_histogram": {"interval", "includeEmptyRows", "dropPartials"},
    "terms": {"size", "orderBy", "orderDirection", "otherBucket", "missingBucket", "parentFormat"},
    "percentile": {"percentile"},
}
VISUALIZATION = {
    "lnsXY": {"legend", "valueLabels", "preferredSeriesType", "layers", "fittingFunction"},
    "lnsPie": {"shape", "layers"},
    "lnsMetric": {"layerId", "layerType", "metricAccessor"},
    "lnsDatatable": {"layerId", "layerType", "columns"},
}
XY_LAYER = {"layerId", "layerType", "seriesType", "xAccessor", "accessors"}
PIE_LAYER = {"layerId", "layerType", "primaryGroups", "metrics", "numberDisplay", "categoryDisplay", "legendDisplay"}
DASHBOARD_PANEL = {"type", "gridData", "panelIndex", "embeddableConfig", "panelRefName"}


PARTS = {"product_views": (12.0, 1.0, 4), "click-events": (3.0, 6.0, 2)}
"""By feed: events a second, seconds of latency, invalid events for each of two reasons."""


def windows() -> list[dict[str, Any]]:
    """A minute of two feeds as `pipeline-metrics` has it: totals beside what they are broken down by."""
    minute = datetime(2026, 1, 5, 12, tzinfo=UTC)
    told = [("pipeline", "throughput", "", "", sum(rate for rate, _, _ in PARTS.values()))]
    told += [("pipeline", f"latency_p{part}", "", "", 5.0) for part in (50, 95, 99)]
    for feed, (rate, seconds, invalid) in PARTS.items():
        told += [("pipeline", "throughput", "feed", feed, rate)]
        told += [("pipeline", f"latency_p{part}", "feed", feed, seconds) for part in (50, 95, 99)]
        told += [(feed, "valid", "", "", 90), (feed, "late_events", "", "", 2), (feed, "invalid", "", "", 2 * invalid)]
        told += [(feed, "invalid", "reason", reason, invalid) for reason in ("missing_id", "time_in_future")]
    rows = (
        Row(feed, name, dimension, member, minute, value, "", True, 7) for feed, name, dimension, member, value in told
    )
    return [action(row) for row in rows]


def alias_of(found: dict[str, Any]) -> str:
    """The alias of the data view that an object reads."""
    (view,) = [each["id"] for each in found["references"] if each["type"] == "index-pattern"]
    (alias,) = [
        each["attributes"]["title"] for each in OBJECTS if (each["type"], each["id"]) == ("index-pattern", view)
    ]
    return str(alias)


def test_every_reference_is_to_an_object_before_it_and_no_id_is_there_twice() -> None:
    known: set[tuple[str, str]] = set()
    for each in OBJECTS:
        assert {(told["type"], told["id"]) for told in each["references"]} <= known, each["id"]
        assert (each["type"], each["id"]) not in known
        known.add((each["type"], each["id"]))
    assert {alias for kind, alias in known if kind == "index-pattern"} == {f"millrace-{alias}" for alias in FIELDS}


def test_ids_stay_so_that_loading_again_replaces() -> None:
    assert as_lines(saved_objects()) == as_lines(OBJECTS)
    dashboards = {each["id"] for each in OBJECTS if each["type"] == "dashboard"}
    names = ("product-views", "registrations", "purchases", "click-stream", "pipeline-health")
    assert dashboards == {f"millrace-dashboard-{name}" for name in names}
    assert "millrace-purchases-revenue-over-time-by-category" in {each["id"] for each in PANELS}


def test_objects_have_what_exported_ones_have() -> None:
    for each in OBJECTS:
        assert each.keys() == OBJECT
        assert each["attributes"].keys() >= ATTRIBUTES[each["type"]], each["id"]
        if each["type"] in NAMED:
            assert each["attributes"].keys() <= ATTRIBUTES[each["type"]] | NAMED[each["type"]]
    for panel in PANELS:
        state = panel["attributes"]["state"]
        assert state.keys() == STATE
        shown = state["visualization"]
        assert shown.keys() >= VISUALIZATION[panel["attributes"]["visualizationType"]]
        for layer in shown.get("layers", []):
            assert layer.keys() >= (XY_LAYER if panel["attributes"]["visualizationType"] == "lnsXY" else PIE_LAYER)
        ((name, layer),) = state["datasourceStates"]["formBased"]["layers"].items()
        assert layer.keys() == LAYER
        assert panel["references"][0]["name"] == f"indexpattern-datasource-layer-{name}"
        for column in columns_of(panel).values():
            assert column.keys() >= COLUMN
            assert column["params"].keys() >= PARAMS.get(column["operationType"], set())


def test_charts_show_the_columns_that_there_are() -> None:
    for panel in PANELS:
        columns = columns_of(panel)
        shown = json.dumps(panel["attributes"]["state"]["visualization"])
        assert set(re.findall(r"\b(?:group|measure)-\d\b", shown)) == columns.keys(), panel["id"]
        for column in columns.values():
            if column["operationType"] == "terms":
                assert column["params"]["orderBy"]["columnId"] in columns


def test_panels_read_fields_that_the_index_template_has_with_a_type_that_fits() -> None:
    for panel in PANELS:
        types = FIELDS[alias_of(panel)]
        texts = [panel["attributes"]["state"]["query"]["query"]]
        for column in columns_of(panel).values():
            field, operation = column["sourceField"], column["operationType"]
            texts.append(column.get("filter", {"query": ""})["query"])
            if operation == "date_histogram":
                assert types[field] == "date"
            elif operation == "terms":
                fits = {"string": {"keyword"}, "boolean": {"boolean"}, "number": NUMBERS}[column["dataType"]]
                assert types[field] in fits, (panel["id"], field)
            elif operation == "unique_count":
                assert field in types, (panel["id"], field)
            elif operation != "count":
                assert types[field] in NUMBERS, (panel["id"], field)
        for field, compared in (item for text in texts for item in fields_of(text).items()):
            assert types[field] in (NUMBERS if compared != ":" else {"keyword", "boolean"}), (panel["id"], field)
        assert request(panel)["aggregations"]


def test_no_panel_of_the_pipeline_adds_or_averages_a_total_with_its_parts() -> None:
    panels = [each for each in PANELS if each["id"].startswith("millrace-pipeline-health-")]
    metrics = [each for each in panels if each["attributes"]["visualizationType"] == "lnsMetric"]
    assert {each["id"].partition("health-")[2]: number_of(each, windows()) for each in metrics} == {
        "events-a-second": 7.5,
        "worst-latency": 6,
        "invalid-events": 12,
        "late-events": 4,
    }
    for panel in panels:
        if {column["operationType"] for column in columns_of(panel).values()} & {"sum", "average"}:
            read = defaultdict(set)
            for each in matching(panel, windows()):
                read[each["metric"]].add(each["dimension"])
            assert read and all(len(dimensions) == 1 for dimensions in read.values()), panel["id"]


def test_saved_searches_show_fields_and_filter_by_them() -> None:
    searches = [each for each in OBJECTS if each["type"] == "search"]
    assert {each["id"].split("-newest")[0] for each in searches} == {
        f"millrace-{each.id}" for each in read_dashboards()
    }
    for each in searches:
        types, source = (
            FIELDS[alias_of(each)],
            json.loads(each["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"]),
        )
        assert set(each["attributes"]["columns"]) <= types.keys()
        assert fields_of(source["query"]["query"]).keys() <= types.keys()
        assert source["indexRefName"] == each["references"][0]["name"]


def test_panels_stand_side_by_side_and_are_found_by_their_references() -> None:
    for dashboard in (each for each in OBJECTS if each["type"] == "dashboard"):
        panels = json.loads(dashboard["attributes"]["panelsJSON"])
        referred = {told["name"]: told["type"] for told in dashboard["references"]}
        assert referred == {f"{each['panelIndex']}:{each['panelRefName']}": each["type"] for each in panels}
        for each in panels:
            assert each.keys() >= DASHBOARD_PANEL
            assert each["gridData"]["i"] == each["panelIndex"]
        grids = [each["gridData"] for each in panels]
        assert all(grid["x"] + grid["w"] <= GRID_WIDTH for grid in grids)
        for one, other in combinations(grids, 2):
            apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            assert apart or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("chart: metric, measures: [{of: median age, name: x}]", "of String should match"),
        ("chart: metric, by: [time], measures: [{of: count, name: x}]", "a metric has no groups"),
        ("chart: line, measures: [{of: count, name: x}]", "a line has 1 to 2 groups"),
        ("chart: gauge, measures: [{of: count, name: x}]", "chart Input should be"),
    ],
)
def test_a_wrong_source_is_said_with_its_file_and_place(text: str, problem: str, tmp_path: Path) -> None:
    head = "{id: a, title: A, description: x, data_view: product-views, since: now-1h, panels: ["
    (tmp_path / "a.yaml").write_text(f"{head}{{title: B, size: [12, 8], {text}}}]}}")
    with pytest.raises(TerminalError, match=f"a.yaml.*{problem}"):
        read_dashboards(tmp_path)


class FakeKibana(BaseHTTPRequestHandler):
    """Answers as it is told, and keeps what was asked."""

    version: ClassVar[str] = "8.19.21"
    status: ClassVar[int] = 200
    answer: ClassVar[Any] = {"success": True, "successCount": 2}
    asked: ClassVar[list[tuple[str, str, str]]] = []

    def do_GET(self) -> None:
        self._reply({"version": {"number": self.version}})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        FakeKibana.asked.append((self.path, f"{self.headers['kbn-xsrf']} {self.headers['Authorization']}", body))
        self._reply(self.answer)

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _reply(self, told: Any) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())


@pytest.fixture
def kibana(monkeypatch: pytest.MonkeyPatch) -> Iterator[KibanaSettings]:
    for name in ("KIBANA_HOST", "KIBANA_PORT", "KIBANA_TLS"):
        monkeypatch.delenv(name, raising=False)
    with HTTPServer(("127.0.0.1", 0), FakeKibana) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        FakeKibana.asked.clear()
        yield KibanaSettings(kibana_port=server.server_address[1], elasticsearch_analyst_password=SecretStr("secret"))
        server.shutdown()
        thread.join()


def test_objects_are_imported_over_those_of_before(kibana: KibanaSettings) -> None:
    assert load(kibana, as_lines(OBJECTS[:2])) == 2
    ((path, headers, body),) = FakeKibana.asked
    assert path == "/api/saved_objects/_import?overwrite=true"
    assert headers == "true Basic YW5hbHlzdDpzZWNyZXQ="
    assert [json.loads(line) for line in body.splitlines() if line.startswith("{")] == OBJECTS[:2]


def test_what_kibana_says_is_told_in_one_line(kibana: KibanaSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = {"type": "lens", "id": "x", "error": {"type": "missing_references"}}
    monkeypatch.setattr(FakeKibana, "answer", {"success": False, "errors": [refused]})
    with pytest.raises(TerminalError, match="refuses 1 objects: lens x: missing_references"):
        load(kibana, "")
    monkeypatch.setattr(FakeKibana, "version", "7.17.1")
    with pytest.raises(TerminalError, match=r"is Kibana 7.17.1, and the objects are made for 8.19"):
        load(kibana, "")
    for status, kind, words in (
        (401, AccessError, "ELASTICSEARCH_ANALYST_PASSWORD"),
        (403, AccessError, "a permission"),
        (503, UnavailableError, "not ready yet"),
        (418, TerminalError, "answers 418"),
    ):
        monkeypatch.setattr(FakeKibana, "status", status)
        with pytest.raises(kind, match=words):
            load(kibana, "")


def test_a_kibana_that_is_away_is_said() -> None:
    settings = KibanaSettings(kibana_port=1, elasticsearch_analyst_password=SecretStr("secret"))
    with pytest.raises(UnavailableError, match=r"127.0.0.1:1 .*does not answer"):
        load(settings, "")


def test_the_objects_can_be_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "millrace.ndjson"
    assert main(["--output", str(file)]) == 0
    assert [json.loads(line) for line in file.read_text("utf-8").splitlines()] == OBJECTS
    assert f"{len(OBJECTS)} objects" in capsys.readouterr().out
