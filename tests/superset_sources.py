"""deploy/superset as its tests read it: datasets, charts and dashboards by the names of their files."""

from typing import Any

import yaml

from utilities.superset.bundle import SOURCES

Source = dict[str, Any]


def sources(kind: str) -> dict[str, Source]:
    """`datasets`, `charts` or `dashboards`."""
    return {file.stem: yaml.safe_load(file.read_text()) for file in sorted((SOURCES / kind).glob("*.yaml"))}


def by_uuid(kind: str) -> dict[str, Source]:
    """The same by their uuid, which is how they refer to each other."""
    return {each["uuid"]: each for each in sources(kind).values()}


def charts_of(dashboard: Source) -> list[str]:
    """The uuids of the charts on a dashboard."""
    return [each["meta"]["uuid"] for each in dashboard["position"].values() if is_chart(each)]


def is_chart(part: Any) -> bool:
    """Whether a part of a dashboard's layout is a chart."""
    return isinstance(part, dict) and part["type"] == "CHART"
