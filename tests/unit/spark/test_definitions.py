"""What defines the stored data: one reading of the settings, and one line for a run that has others."""

from typing import Any

import pytest
from pydantic import SecretStr

from spark.definitions import (
    ALL,
    FROM_NOW_ON,
    SHOP_DOMAINS,
    TIME_ZONE,
    VERSION,
    VISITOR_KEY,
    Definitions,
    OtherDefinitionError,
    check_value,
)
from spark.enrichment.settings import EnrichmentSettings
from spark.scope import DAYS, FULL_REFRESH, Scope
from spark.settings import EtlSettings

KEY = "a key of some length"


def definitions(shop_domains: str = "shop.example", **changes: Any) -> Definitions:
    secrets = {
        "visitor_hash_key": SecretStr(KEY),
        "postgres_password": SecretStr("p"),
        "mongo_etl_password": SecretStr("m"),
    }
    return Definitions.of(EtlSettings(**{**secrets, **changes}), EnrichmentSettings(shop_domains=shop_domains))


def test_the_key_is_told_by_a_check_value_and_never_itself() -> None:
    stored = definitions().values[VISITOR_KEY]
    assert stored == check_value(KEY) != check_value(KEY + "x")
    assert len(stored) == 16
    assert KEY not in str(definitions())


def test_domains_are_the_same_in_any_order_and_spelling() -> None:
    one, other = definitions("shop.example, Outlet"), definitions(" outlet,shop.example,")
    assert one == other != definitions("shop.example")


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_run_with_another_definition_is_told_in_one_line_how_to_migrate(name: str) -> None:
    line = str(OtherDefinitionError(name, "one", "other"))
    assert "\n" not in line
    assert "./millrace etl --full-refresh" in line
    assert ("--from-now-on" in line) == (name in FROM_NOW_ON)
    assert {TIME_ZONE: "BUSINESS_TIME_ZONE=one", VISITOR_KEY: "another VISITOR_HASH_KEY", VERSION: "version one"}.get(
        name, "SHOP_DOMAINS=one"
    ) in line


def test_days_and_visitors_of_two_meanings_never_stand_in_one_warehouse() -> None:
    assert Scope().redefined == Scope(DAYS).redefined == frozenset()
    assert Scope(from_now_on=True).redefined == {SHOP_DOMAINS, VERSION}
    assert Scope(FULL_REFRESH).redefined == ALL
