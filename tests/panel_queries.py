"""What Elasticsearch is asked for a panel, from the columns that Lens keeps of it, as Kibana would ask.

KQL is read as far as our dashboards use it: conditions joined by `and`, each `field: value`, `field: "value"`,
`field: (one or another)` or a comparison.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from statistics import mean
from typing import Any

_CONDITION = re.compile(r'^([@\w.]+)\s*(:|>=|<=|>|<)\s*("[^"]*"|\([^)]*\)|\S+)$')
_RANGES = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}
_METRICS = {"sum": "sum", "average": "avg", "min": "min", "max": "max", "unique_count": "cardinality"}
_NUMBERS: dict[str, Callable[[list[float]], float]] = {"sum": sum, "average": mean, "min": min, "max": max}


def columns_of(panel: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The columns of a Lens object, in their order."""
    (layer,) = panel["attributes"]["state"]["datasourceStates"]["formBased"]["layers"].values()
    assert sorted(layer["columnOrder"]) == sorted(layer["columns"])
    return {name: layer["columns"][name] for name in layer["columnOrder"]}


def request(panel: dict[str, Any]) -> dict[str, Any]:
    """The search's options."""
    columns = columns_of(panel)
    measures = {name: column for name, column in columns.items() if not column["isBucketed"]}
    measured = {name: _measure(column) for name, column in measures.items()}
    aggregations = measured
    for name, column in reversed([(name, column) for name, column in columns.items() if column["isBucketed"]]):
        # Every level has the measures, by which its groups are ordered.
        aggregations = {**measured, name: {**_group(column, measures), "aggregations": aggregations}}
    query = filters(panel["attributes"]["state"]["query"]["query"])
    return {"size": 0, "query": query, "aggregations": aggregations}


def filters(kql: str) -> dict[str, Any]:
    """A query for a text of KQL."""
    return {"bool": {"filter": [_condition(each) for each in re.split(r"\s+and\s+", kql) if each]}}


def fields_of(kql: str) -> dict[str, str]:
    """The fields that a text of KQL names, and how each is compared."""
    found = [_CONDITION.match(each) for each in re.split(r"\s+and\s+", kql) if each]
    assert all(found), kql
    return {match[1]: match[2] for match in found if match}


def _condition(text: str) -> dict[str, Any]:
    match = _CONDITION.match(text)
    assert match, text
    field, compared, value = match.groups()
    if compared != ":":
        return {"range": {field: {_RANGES[compared]: float(value)}}}
    if value.startswith("("):
        return {"terms": {field: re.split(r"\s+or\s+", value.strip("()"))}}
    return {"term": {field: value.strip('"')}}


def _group(column: dict[str, Any], measures: dict[str, Any]) -> dict[str, Any]:
    if column["operationType"] == "date_histogram":
        return {"date_histogram": {"field": column["sourceField"], "fixed_interval": "1h", "min_doc_count": 1}}
    params = column["params"]
    ordered = params["orderBy"]["columnId"]
    path = f"{ordered}>value" if "filter" in measures[ordered] else ordered
    if measures[ordered]["operationType"] == "percentile":
        path = f"{path}.{measures[ordered]['params']['percentile']}"
    if measures[ordered]["operationType"] == "count":
        path = ordered if "filter" in measures[ordered] else "_count"
    order = {path: params["orderDirection"]}
    return {"terms": {"field": column["sourceField"], "size": params["size"], "order": order}}


def _measure(column: dict[str, Any]) -> dict[str, Any]:
    operation, field = column["operationType"], column["sourceField"]
    narrowed = filters(column["filter"]["query"]) if "filter" in column else None
    if operation == "count":
        return {"filter": narrowed or {"match_all": {}}}
    if operation == "percentile":
        told = {"percentiles": {"field": field, "percents": [column["params"]["percentile"]]}}
    else:
        told = {_METRICS[operation]: {"field": field}}
    return {"filter": narrowed, "aggregations": {"value": told}} if narrowed else told


def matching(panel: dict[str, Any], documents: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The documents that a panel reads, by its conditions of equality."""
    wanted = [told for each in request(panel)["query"]["bool"]["filter"] for told in _values_of(each)]
    return [each for each in documents if all(each[field] in values for field, values in wanted)]


def number_of(panel: dict[str, Any], documents: Iterable[Mapping[str, Any]]) -> float:
    """What a panel without groups shows of the documents."""
    (column,) = columns_of(panel).values()
    values = [each[column["sourceField"]] for each in matching(panel, documents)]
    return float(_NUMBERS[column["operationType"]](values))


def _values_of(condition: dict[str, Any]) -> list[tuple[str, list[str]]]:
    (compared,) = condition.values()
    return [(field, [told] if isinstance(told, str) else told) for field, told in compared.items()]


def is_told(answer: dict[str, Any], panel: dict[str, Any]) -> bool:
    """Whether an answer has a bucket with a number for every measure, or a number where the panel has no groups."""
    columns = columns_of(panel)
    level = [answer["aggregations"]]
    for name, column in columns.items():
        if column["isBucketed"]:
            level = [bucket for each in level for bucket in each[name]["buckets"]]
    measures = [name for name, column in columns.items() if not column["isBucketed"]]
    return all(any(_number(each[name]) for each in level) for name in measures)


def _number(told: dict[str, Any]) -> float | None:
    inner = told.get("value")
    if isinstance(inner, dict):
        return _number(inner)
    found = next(iter(told["values"].values())) if "values" in told else told.get("value", told.get("doc_count"))
    return None if found is None else float(found)
