"""The enrichment's figures on published lists that it is not built from: Matomo's fixtures, browsers by share of use.

The lists come with pinned packages of the tests (device-detector, fake-useragent) and are read as data. Half of
Matomo's fixtures taught device_type.py and robot.py; docs/enrichment.md has the figures of the other half.
"""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from operator import mul
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from spark.enrichment.user_agent import parse_user_agent

FIXTURES = "device_detector/tests/fixtures/upstream"
BROWSERS = "fake_useragent/data/browsers.jsonl"
# One in ten of the 43 files of phones, each agent of which counts for ten, else all: 17 MB of YAML take ten seconds.
DEVICES = ("desktop*", "tablet*", "tv*", "console*", "feature_phone*", "phablet*", "smartphone-?0*")
TYPES = {
    "smartphone": "Mobile",
    "phablet": "Mobile",
    "feature phone": "Mobile",
    "tablet": "Tablet",
    "desktop": "Desktop",
    "tv": "TV",
    "console": "Console",
}
# Programs that fetch for a person, which count as robots here.
PROGRAMS = {"library", "feed reader"}


def test_98_percent_of_known_crawlers_are_robots() -> None:
    agents = {row["user_agent"] for row in fixtures("bots*")}
    found = sum(parse_user_agent(agent).is_bot for agent in agents)
    assert len(agents) > 1_000
    assert found / len(agents) >= 0.98


def test_at_most_one_browser_of_people_in_a_thousand_is_a_robot(devices: list[dict[str, Any]]) -> None:
    agents = {row["user_agent"] for row in devices if client(row) == "browser"} | browsers().keys()
    found = sum(parse_user_agent(agent).is_bot for agent in agents)
    assert len(agents) > 10_000
    assert found / len(agents) <= 0.001


def test_92_percent_of_types_of_devices_are_right(devices: list[dict[str, Any]]) -> None:
    told = [row for row in devices if row["device"]["type"] in TYPES and client(row) not in PROGRAMS]
    right = [parse_user_agent(row["user_agent"]).device_type == TYPES[row["device"]["type"]] for row in told]
    weights = [10 if row["device"]["type"] == "smartphone" else 1 for row in told]
    assert len(told) > 10_000
    assert sum(map(mul, right, weights)) / sum(weights) >= 0.92


def test_99_percent_of_types_of_the_browsers_that_people_use_are_right() -> None:
    listed = browsers()
    right = sum(parse_user_agent(agent).device_type == kind for agent, kind in listed.items())
    assert right / len(listed) >= 0.99


@pytest.fixture(scope="module")
def devices() -> list[dict[str, Any]]:
    return [row for pattern in DEVICES for row in fixtures(pattern) if isinstance(row.get("device"), dict)]


def fixtures(pattern: str) -> Iterator[dict[str, Any]]:
    for path in sorted(shipped("device-detector", FIXTURES).glob(f"{pattern}.yml")):
        yield from yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def client(row: dict[str, Any]) -> str | None:
    told = row.get("client")
    return told.get("type") if isinstance(told, dict) else None


def browsers() -> dict[str, str]:
    """Type of device by user agent."""
    lines = shipped("fake-useragent", BROWSERS).read_text(encoding="utf-8").splitlines()
    return {row["useragent"]: row["type"].capitalize() for row in map(orjson.loads, lines)}


def shipped(package: str, path: str) -> Path:
    try:
        return Path(str(distribution(package).locate_file(path)))
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
