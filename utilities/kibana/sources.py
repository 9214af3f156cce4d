"""What config/kibana/dashboards/*.yaml may say; docs/kibana.md explains it.

A measure is text: `count`, `sum price`, `average age`, `unique_count user_id`, `percentile 95 value`, `min value`,
`max value`. So is a group: `time` (of `@timestamp`, Kibana chooses the interval), or `top 10 country`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from config.errors import TerminalError
from config.settings import PROJECT_ROOT

DASHBOARDS = PROJECT_ROOT / "config" / "kibana" / "dashboards"
TIME = "time"
GRID_WIDTH = 48
_MEASURE = r"^(count|(sum|average|min|max|unique_count|percentile [1-9][0-9]?) [@a-z_.]+)$"
_GROUP = r"^(time|top [1-9][0-9]? [a-z_.]+)$"
_IDENTIFIER = r"^[a-z][a-z0-9-]*$"

Charts = Literal[
    "metric",
    "table",
    "donut",
    "pie",
    "line",
    "area_stacked",
    "bar",
    "bar_stacked",
    "bar_horizontal",
]
Group = Annotated[str, Field(pattern=_GROUP)]
Width = Annotated[int, Field(ge=4, le=GRID_WIDTH)]
Height = Annotated[int, Field(ge=4, le=40)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Measure(_Part):
    """A number of each group; `where` is KQL, `decimals` how many are shown."""

    of: str = Field(pattern=_MEASURE)
    name: str
    where: str = ""
    decimals: int | None = None

    @property
    def operation(self) -> str:
        """The function, as Lens calls it."""
        return self.of.split()[0]

    @property
    def field(self) -> str | None:
        """What it reads; None where it counts documents."""
        return None if self.of == "count" else self.of.split()[-1]

    @property
    def percentile(self) -> int | None:
        """Which one, where it is one."""
        return int(self.of.split()[1]) if self.operation == "percentile" else None


class _Shown(_Part):
    title: str
    where: str = ""
    data_view: str = ""


class Panel(_Shown):
    """One chart: measures, grouped `by`, in the documents that `where` (KQL) lets in."""

    chart: Charts
    measures: tuple[Measure, ...] = Field(min_length=1)
    by: tuple[Group, ...] = ()
    size: tuple[Width, Height]

    @model_validator(mode="after")
    def _fits_the_chart(self) -> Self:
        most = {"metric": 0, "table": 3, "donut": 2, "pie": 2}.get(self.chart, 2)
        if len(self.by) > most or (self.chart != "metric" and not self.by):
            raise ValueError(f"{self.title}: a {self.chart} has {'no' if not most else f'1 to {most}'} groups")
        if self.chart in ("metric", "donut", "pie") and len(self.measures) > 1:
            raise ValueError(f"{self.title}: a {self.chart} shows one measure")
        return self


class Search(_Shown):
    """A saved search: documents, the newest first."""

    columns: tuple[str, ...] = Field(min_length=1)


class Dashboard(_Part):
    """One page; its searches stand below its panels. `data_view` is the alias that panels read which name no other."""

    id: str = Field(pattern=_IDENTIFIER)
    title: str
    description: str
    data_view: str
    since: str
    refresh_seconds: int = 0
    panels: tuple[Panel, ...] = Field(min_length=1)
    searches: tuple[Search, ...] = ()

    @model_validator(mode="after")
    def _titles_differ(self) -> Self:
        titles = [slug(part.title) for part in (*self.panels, *self.searches)]
        if len(set(titles)) < len(titles):
            raise ValueError("two parts have one title, by which their ids are made")
        return self

    def alias_of(self, part: _Shown) -> str:
        """The alias that a part of this dashboard reads."""
        return part.data_view or self.data_view


def slug(title: str) -> str:
    """A title as a part of an id."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def read_dashboards(directory: Path = DASHBOARDS) -> list[Dashboard]:
    """Every dashboard of the folder, by file name; raises TerminalError naming the file that is wrong."""
    return list(_read(sorted(directory.glob("*.yaml"))))


def _read(files: list[Path]) -> Iterator[Dashboard]:
    for file in files:
        try:
            yield Dashboard.model_validate(yaml.safe_load(file.read_text("utf-8")))
        except (ValidationError, yaml.YAMLError) as error:
            problem = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
            place = ".".join(map(str, problem["loc"]))
            raise TerminalError(f"{file.name}: {place} {problem['msg']}") from None
