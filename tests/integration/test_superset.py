"""Superset itself: it imports deploy/superset, and its API's answer to each chart is the warehouse's.

Takes minutes and an environment of 825 MB: `TEST_SUPERSET=1 make test ARGS=tests/integration/test_superset.py`.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from config.settings import PROJECT_ROOT
from tests.empty_database import Database, empty_warehouse
from tests.pipeline import eventually
from tests.superset_sources import by_uuid, sources
from tests.warehouse_rows import fill
from utilities.local_servers.ephemeral import free_ports
from utilities.local_servers.places import stack_directory
from utilities.local_servers.stack import Stack
from utilities.superset.settings import own_secrets, secrets_file

INSTALL_SECONDS = 1800
VISITORS = 2_000
CHARTS = sources("charts")
SECONDS = 120

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif("TEST_SUPERSET" not in os.environ, reason="installs Superset (825 MB): TEST_SUPERSET=1"),
]


class Superset:
    """A client of Superset's API, logged in as its administrator."""

    def __init__(self, address: str, directory: Path) -> None:
        self.address, self.directory = address, directory
        self.session = requests.Session()
        password = own_secrets(directory)["SUPERSET_ADMIN_PASSWORD"]
        login: dict[str, Any] = {"username": "admin", "password": password, "provider": "db", "refresh": False}
        token = self.session.post(f"{address}/api/v1/security/login", json=login, timeout=SECONDS).json()
        self.session.headers["Authorization"] = f"Bearer {token['access_token']}"

    def get(self, path: str) -> Any:
        """The answer to a GET; fails the test where it is an error."""
        answer = self.session.get(f"{self.address}/api/v1/{path}", timeout=SECONDS)
        assert answer.status_code == 200, f"{path}: {answer.text[:2000]}"
        return answer.json()

    def chart_rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of the chart of deploy/superset/charts/NAME.yaml, asked of the warehouse anew."""
        number = self.get(f"chart/{CHARTS[name]['uuid']}")["result"]["id"]
        (result,) = self.get(f"chart/{number}/data/?force=true")["result"]
        assert result["error"] is None, result["error"]
        rows: list[dict[str, Any]] = result["data"]
        return rows


@pytest.fixture(scope="module")
def filled(servers: Stack) -> Iterator[Database]:
    """A warehouse of a month's visits, marts included."""
    with empty_warehouse(servers, f"warehouse_{os.getpid()}_superset") as made:
        with made.connect() as owner, owner.transaction():
            fill(owner, VISITORS)
            owner.execute("INSERT INTO etl.run (status, finished_at) VALUES ('finished', now())")
        with made.connect("warehouse_etl") as writer:
            writer.execute("SELECT etl.refresh_marts(even_if_fresh => true)")
        yield made


@pytest.fixture(scope="module")
def superset(filled: Database) -> Iterator[Superset]:
    """What `./millrace superset` starts, with a state of its own: that of the servers' checkout may be in use."""
    (port,) = free_ports(1)
    stack = f"superset-{os.getpid()}"
    environment = {**os.environ, "POSTGRES_DB": filled.name, "SUPERSET_PORT": str(port), "MILLRACE_STACK": stack}
    directory = stack_directory(filled.servers.settings.state_directory, stack)
    process = subprocess.Popen(
        [sys.executable, "-m", "utilities.superset"], cwd=PROJECT_ROOT, env=environment, start_new_session=True
    )
    address = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: process.poll() is not None or is_healthy(address), INSTALL_SECONDS)
        assert process.poll() is None, f"it ended with {process.returncode}"
        yield Superset(address, directory / "superset")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(directory, ignore_errors=True)


def rows(warehouse: Database, statement: str) -> list[tuple[Any, ...]]:
    """What a statement returns, asked as analysts are."""
    with warehouse.connect("bi_reader") as reader:
        return reader.execute(statement.encode()).fetchall()


def count(warehouse: Database, statement: str) -> int:
    """The single number that a statement returns."""
    return int(rows(warehouse, statement)[0][0])


def is_healthy(address: str) -> bool:
    try:
        return requests.get(f"{address}/health", timeout=10).ok
    except requests.RequestException:
        return False


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_has_rows(superset: Superset, name: str) -> None:
    assert superset.chart_rows(name)


def test_traffic_by_day_is_the_marts(superset: Superset, filled: Database) -> None:
    shown = superset.chart_rows("daily_traffic")
    counted = rows(filled, "SELECT views, sessions FROM mart.daily_traffic ORDER BY date")
    assert [(row["views"], row["sessions"]) for row in shown] == counted


def test_the_funnel_is_counted_from_the_sessions(superset: Superset, filled: Database) -> None:
    """Not from the mart that it reads: from the fact below."""
    people = "SELECT count(*) FROM fact_session WHERE NOT is_bot"
    steps = {
        "Session": count(filled, people),
        "Product view": count(filled, f"{people} AND (views > 0 OR reached_cart OR reached_checkout OR reached_order)"),
        "Cart": count(filled, f"{people} AND (reached_cart OR reached_checkout OR reached_order)"),
        "Checkout": count(filled, f"{people} AND (reached_checkout OR reached_order)"),
        "Order": count(filled, f"{people} AND reached_order"),
    }
    assert [(row["step"], row["sessions"]) for row in superset.chart_rows("conversion_funnel")] == [*steps.items()]
    (conversion,) = superset.chart_rows("conversion")
    assert conversion["conversion"] == pytest.approx(steps["Order"] / steps["Session"])


def test_revenue_by_currency_is_that_of_the_orders(superset: Superset, filled: Database) -> None:
    counted = rows(
        filled, "SELECT currency, count(*), sum(items), sum(revenue) FROM fact_order WHERE NOT is_bot GROUP BY currency"
    )
    shown = superset.chart_rows("revenue_by_currency")
    figures = {(row["currency"], row["orders"], row["items"], Decimal(str(row["revenue"]))) for row in shown}
    assert figures == set(counted)


def test_sessions_by_device_and_by_referrer_are_those_of_people(superset: Superset, filled: Database) -> None:
    sessions = count(filled, "SELECT count(*) FROM fact_session WHERE NOT is_bot")
    for name in ("device_types", "referrer_types"):
        assert sum(row["sessions"] for row in superset.chart_rows(name)) == sessions


def test_columns_say_what_their_comments_say(superset: Superset) -> None:
    expected = by_uuid("datasets")
    for listed in superset.get("dataset/?q=(page_size:100)")["result"]:
        found = superset.get(f"dataset/{listed['id']}")["result"]
        if expected[found["uuid"]]["sql"] is None:
            assert [column["column_name"] for column in found["columns"] if not column["description"]] == []


def test_superset_cannot_change_the_warehouse(superset: Superset, filled: Database) -> None:
    (database,) = superset.get("database/")["result"]
    token = superset.get("security/csrf_token/")["result"]
    statement = "DELETE FROM public.fact_order"
    question: dict[str, Any] = {"database_id": database["id"], "sql": statement, "runAsync": False}
    headers = {"X-CSRFToken": token, "Referer": superset.address}
    answer = superset.session.post(
        f"{superset.address}/api/v1/sqllab/execute/", json=question, headers=headers, timeout=SECONDS
    )
    assert answer.status_code >= 400 and "DML" in answer.text, answer.text
    assert count(filled, "SELECT count(*) FROM fact_order") > 0


def test_no_secret_of_superset_can_be_read_by_others(superset: Superset) -> None:
    for path in (superset.directory, secrets_file(superset.directory)):
        assert path.stat().st_mode & 0o077 == 0
