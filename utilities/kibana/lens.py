"""A panel as Lens keeps it: columns with their operations, and what the chart does with them.

As Kibana 8.19 exports it. Versions name the newest change of a type's shape that these objects are written by; a newer
Kibana migrates them when it takes them in.
"""

from typing import Any

from utilities.kibana.sources import TIME, Measure, Panel

LAYER = "layer"
RECORDS = "___records___"
LENS_VERSION, CORE_VERSION = "8.9.0", "8.8.0"
VISUALIZATIONS = {"metric": "lnsMetric", "table": "lnsDatatable", "donut": "lnsPie", "pie": "lnsPie"}
"""By chart; all others are lnsXY."""
EMPTY_AS_NULL = ("count", "sum", "unique_count")
"""Operations that may say so of a group without documents."""
DATE, WHOLE, KEYWORD, BOOLEAN = "date", "number", "string", "boolean"

FieldTypes = dict[str, str]
"""Field -> type in Elasticsearch."""


def lens(identifier: str, title: str, panel: Panel, data_view: str, types: FieldTypes) -> dict[str, Any]:
    """The saved object; `types` are those of the fields of its data view."""
    layer = _layer(panel, types)
    state = {
        "datasourceStates": {
            "formBased": {"layers": {LAYER: layer}},
            "indexpattern": {"layers": {}},
            "textBased": {"layers": {}},
        },
        "visualization": _visualization(panel),
        "query": kql(panel.where),
        "filters": [],
        "internalReferences": [],
        "adHocDataViews": {},
    }
    return {
        "id": identifier,
        "type": "lens",
        "attributes": {
            "title": title,
            "description": "",
            "visualizationType": VISUALIZATIONS.get(panel.chart, "lnsXY"),
            "state": state,
        },
        "references": [{"type": "index-pattern", "id": data_view, "name": f"indexpattern-datasource-layer-{LAYER}"}],
        "managed": False,
        "coreMigrationVersion": CORE_VERSION,
        "typeMigrationVersion": LENS_VERSION,
    }


def kql(query: str) -> dict[str, str]:
    """A query in Kibana's language, as every saved object names it."""
    return {"query": query, "language": "kuery"}


def _layer(panel: Panel, types: FieldTypes) -> dict[str, Any]:
    groups = {f"group-{place}": _group(by, types) for place, by in enumerate(panel.by)}
    measures = {f"measure-{place}": _measure(measure) for place, measure in enumerate(panel.measures)}
    columns = {**groups, **measures}
    return {
        "columns": columns,
        "columnOrder": list(columns),
        "incompleteColumns": {},
        "sampling": 1,
        "ignoreGlobalFilters": False,
    }


def _group(by: str, types: FieldTypes) -> dict[str, Any]:
    if by == TIME:
        return {
            "label": "@timestamp",
            "dataType": DATE,
            "operationType": "date_histogram",
            "sourceField": "@timestamp",
            "isBucketed": True,
            "scale": "interval",
            "params": {"interval": "auto", "includeEmptyRows": True, "dropPartials": False},
        }
    _, size, field = by.split()
    return {
        "label": f"Top {size} values of {field}",
        "dataType": _data_type(types[field]),
        "operationType": "terms",
        "sourceField": field,
        "isBucketed": True,
        "scale": "ordinal",
        "params": {
            "size": int(size),
            "orderBy": {"type": "column", "columnId": "measure-0"},
            "orderDirection": "desc",
            "otherBucket": False,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
            "include": [],
            "exclude": [],
            "includeIsRegex": False,
            "excludeIsRegex": False,
        },
    }


def _data_type(elasticsearch: str) -> str:
    return {"keyword": KEYWORD, "boolean": BOOLEAN, "date": DATE}.get(elasticsearch, WHOLE)


def _measure(measure: Measure) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if measure.operation in EMPTY_AS_NULL:
        params["emptyAsNull"] = True
    if measure.percentile is not None:
        params["percentile"] = measure.percentile
    if measure.decimals is not None:
        params["format"] = {"id": "number", "params": {"decimals": measure.decimals}}
    column = {
        "label": measure.name,
        "customLabel": True,
        "dataType": WHOLE,
        "operationType": measure.operation,
        "sourceField": measure.field or RECORDS,
        "isBucketed": False,
        "scale": "ratio",
        "params": params,
    }
    return column | ({"filter": kql(measure.where)} if measure.where else {})


def _visualization(panel: Panel) -> dict[str, Any]:
    groups = [f"group-{place}" for place in range(len(panel.by))]
    measures = [f"measure-{place}" for place in range(len(panel.measures))]
    if panel.chart == "metric":
        return {"layerId": LAYER, "layerType": "data", "metricAccessor": measures[0]}
    if panel.chart == "table":
        return _table(groups, measures)
    return _pie(panel.chart, groups, measures) if panel.chart in ("donut", "pie") else _xy(panel, groups, measures)


def _table(groups: list[str], measures: list[str]) -> dict[str, Any]:
    columns = [{"columnId": each, "isTransposed": False, "isMetric": False} for each in groups]
    columns += [{"columnId": each, "isTransposed": False, "isMetric": True} for each in measures]
    return {
        "layerId": LAYER,
        "layerType": "data",
        "columns": columns,
        "paging": {"enabled": True, "size": 10},
        "sorting": {"columnId": measures[0], "direction": "desc"},
    }


def _pie(shape: str, groups: list[str], measures: list[str]) -> dict[str, Any]:
    layer = {
        "layerId": LAYER,
        "layerType": "data",
        "primaryGroups": groups,
        "metrics": measures,
        "numberDisplay": "percent",
        "categoryDisplay": "default",
        "legendDisplay": "default",
        "nestedLegend": False,
    }
    return {"shape": shape, "layers": [layer]}


def _xy(panel: Panel, groups: list[str], measures: list[str]) -> dict[str, Any]:
    axis, *split = groups
    layer = {
        "layerId": LAYER,
        "layerType": "data",
        "seriesType": panel.chart,
        "xAccessor": axis,
        "accessors": measures,
        "position": "top",
        "showGridlines": False,
    }
    every_axis = {"x": True, "yLeft": True, "yRight": True}
    return {
        "legend": {"isVisible": True, "position": "right"},
        "valueLabels": "hide",
        # A minute without a value is a gap, never a zero.
        "fittingFunction": "None",
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": True, "yRight": True},
        "tickLabelsVisibilitySettings": every_axis,
        "labelsOrientation": {"x": 0, "yLeft": 0, "yRight": 0},
        "gridlinesVisibilitySettings": every_axis,
        "preferredSeriesType": panel.chart,
        "layers": [layer | ({"splitAccessor": split[0]} if split else {})],
    }
