"""All saved objects, as lines of JSON that Kibana's import takes.

Ids are made of names, so that loading again replaces what was loaded before, and nobody's own objects.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from config.settings import PROJECT_ROOT, ElasticsearchSettings
from kafka.feeds.declaration import load_feeds
from kafka.feeds.search import template
from utilities.kibana.lens import CORE_VERSION, FieldTypes, kql, lens
from utilities.kibana.sources import GRID_WIDTH, Dashboard, Panel, read_dashboards, slug

PREFIX = "millrace"
DATA_VIEW_VERSION, SEARCH_VERSION, DASHBOARD_VERSION = "8.0.0", "10.5.0", "10.2.0"
PIPELINE_METRICS = "pipeline-metrics"
SEARCH_HEIGHT = 16
_SOURCE = "kibanaSavedObjectMeta.searchSourceJSON.index"


def saved_objects(dashboards: Sequence[Dashboard] | None = None) -> list[dict[str, Any]]:
    """Data views, panels, searches and dashboards: what is referred to comes first."""
    fields = searched_fields()
    made = [_data_view(alias) for alias in fields]
    for dashboard in read_dashboards() if dashboards is None else dashboards:
        made += _objects_of(dashboard, fields)
    return made


def as_lines(objects: Sequence[Mapping[str, Any]]) -> str:
    """One JSON object a line."""
    return "".join(json.dumps(each, sort_keys=True, ensure_ascii=False) + "\n" for each in objects)


def searched_fields() -> dict[str, FieldTypes]:
    """By alias: the fields that its index template maps, and their types."""
    configuration = PROJECT_ROOT / "config" / "elasticsearch"
    main: dict[str, Any] = json.loads((configuration / "index-template.json").read_text())
    metrics: dict[str, Any] = json.loads((configuration / "pipeline-metrics-template.json").read_text())
    templates = {ElasticsearchSettings.elasticsearch_alias: main, PIPELINE_METRICS: metrics}
    templates |= {feed.index: template(feed) for feed in load_feeds().values() if not feed.is_main}
    return {alias: dict(_mapped(told["template"]["mappings"])) for alias, told in sorted(templates.items())}


def _mapped(mappings: Mapping[str, Any], parent: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, told in mappings["properties"].items():
        if "properties" in told:
            found += _mapped(told, f"{parent}{name}.")
        elif told.get("enabled", True):
            found.append((f"{parent}{name}", told["type"]))
    return found


def _id(*parts: str) -> str:
    return "-".join([PREFIX, *(slug(part) for part in parts)])


def _object(identifier: str, kind: str, version: str, attributes: Any, references: Any = ()) -> dict[str, Any]:
    return {
        "id": identifier,
        "type": kind,
        "attributes": attributes,
        "references": list(references),
        "managed": False,
        "coreMigrationVersion": CORE_VERSION,
        "typeMigrationVersion": version,
    }


def _data_view(alias: str) -> dict[str, Any]:
    attributes = {
        "title": alias,
        "name": alias,
        "timeFieldName": "@timestamp",
        "fields": "[]",
        "fieldAttrs": "{}",
        "fieldFormatMap": "{}",
        "runtimeFieldMap": "{}",
        "sourceFilters": "[]",
        "typeMeta": "{}",
    }
    return _object(_id(alias), "index-pattern", DATA_VIEW_VERSION, attributes)


def _objects_of(dashboard: Dashboard, fields: Mapping[str, FieldTypes]) -> list[dict[str, Any]]:
    parts = []
    for panel in dashboard.panels:
        alias, title = dashboard.alias_of(panel), f"{dashboard.title}: {panel.title}"
        parts.append(lens(_id(dashboard.id, panel.title), title, panel, _id(alias), fields[alias]))
    for search in dashboard.searches:
        source = {"query": kql(search.where), "filter": [], "highlightAll": True, "version": True}
        attributes = {
            "title": search.title,
            "description": "",
            "columns": list(search.columns),
            "sort": [["@timestamp", "desc"]],
            "grid": {},
            "hideChart": False,
            "isTextBasedQuery": False,
            "timeRestore": False,
            "usesAdHocDataView": False,
            "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps({**source, "indexRefName": _SOURCE})},
        }
        reference = {"type": "index-pattern", "id": _id(dashboard.alias_of(search)), "name": _SOURCE}
        identifier = _id(dashboard.id, search.title)
        parts.append(_object(identifier, "search", SEARCH_VERSION, attributes, [reference]))
    return [*parts, _dashboard(dashboard, parts)]


def _dashboard(dashboard: Dashboard, parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    titles = [part.title for part in (*dashboard.panels, *dashboard.searches)]
    placed = list(zip(parts, titles, _grid(dashboard), strict=True))
    panels = [
        {
            "type": part["type"],
            "title": title,
            "panelIndex": part["id"],
            "panelRefName": f"panel_{part['id']}",
            "gridData": {**grid, "i": part["id"]},
            "embeddableConfig": {"enhancements": {}},
        }
        for part, title, grid in placed
    ]
    options = {"useMargins": True, "syncColors": False, "syncCursor": True, "syncTooltips": False}
    attributes = {
        "title": dashboard.title,
        "description": dashboard.description,
        "version": 2,
        "timeRestore": True,
        "timeFrom": dashboard.since,
        "timeTo": "now",
        "refreshInterval": {"pause": not dashboard.refresh_seconds, "value": 1000 * (dashboard.refresh_seconds or 60)},
        "optionsJSON": json.dumps({**options, "hidePanelTitles": False}),
        "panelsJSON": json.dumps(panels),
        "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps({"query": kql(""), "filter": []})},
    }
    references = [
        {"type": part["type"], "id": part["id"], "name": f"{part['id']}:panel_{part['id']}"} for part in parts
    ]
    return _object(_id("dashboard", dashboard.id), "dashboard", DASHBOARD_VERSION, attributes, references)


def _grid(dashboard: Dashboard) -> list[dict[str, int]]:
    """Panels from left to right, in rows; searches below them, in full width."""
    placed: list[dict[str, int]] = []
    x = y = row = 0
    sizes = [
        part.size if isinstance(part, Panel) else (GRID_WIDTH, SEARCH_HEIGHT)
        for part in (*dashboard.panels, *dashboard.searches)
    ]
    for width, height in sizes:
        if x + width > GRID_WIDTH:
            x, y, row = 0, y + row, 0
        placed.append({"x": x, "y": y, "w": width, "h": height})
        x, row = x + width, max(row, height)
    return placed
