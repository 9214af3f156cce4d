"""What defines the stored data is kept with it: as of the first run, and changed only with all that it defines."""

from functools import partial
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from kafka.visitor import identity_hash
from spark import zones
from spark.definitions import SHOP_DOMAINS, TIME_ZONE, VISITOR_KEY, Definitions, OtherDefinitionError
from spark.devices import hash_devices
from spark.enrichment.settings import EnrichmentSettings
from spark.ledger import Ledger
from spark.scope import Scope
from spark.settings import EtlSettings
from spark.zones import MisreadZoneError
from tests.empty_database import Database

pytestmark = pytest.mark.servers


def definitions(zone: str = "UTC", key: str = "a key of some length", domains: str = "shop.example") -> Definitions:
    settings = EtlSettings(
        visitor_hash_key=SecretStr(key),
        business_time_zone=zone,
        postgres_password=SecretStr("p"),
        mongo_etl_password=SecretStr("m"),
    )
    return Definitions.of(settings, EnrichmentSettings(shop_domains=domains))


def kept(ledger: Ledger, told: Definitions, replaces: bool = False) -> None:
    """A run that loads under these definitions."""
    run_id = ledger.start_run(Scope())
    ledger.transaction(partial(told.keep, run_id=run_id, replaces=replaces))


def refused(ledger: Ledger, told: Definitions) -> str | None:
    """The name of the definition for which a run is refused, and no other reason."""
    try:
        ledger.transaction(told.refuse_others)
    except OtherDefinitionError as error:
        return error.name
    return None


def test_the_first_run_defines_the_data_and_no_other_definition_is_taken(warehouse: Database) -> None:
    with Ledger(warehouse.login) as ledger:
        others = {
            TIME_ZONE: definitions(zone="Europe/Berlin"),
            VISITOR_KEY: definitions(key="another key of some length"),
            SHOP_DOMAINS: definitions(domains="shop.example, outlet.example"),
        }
        # A warehouse that was loaded before there were definitions takes those of its next run.
        assert [refused(ledger, told) for told in others.values()] == [None, None, None]
        kept(ledger, definitions())
        assert refused(ledger, definitions()) is None
        assert {name: refused(ledger, told) for name, told in others.items()} == dict(zip(others, others, strict=True))


@pytest.mark.parametrize("zone", ["CET", "EET", "MET", "WET"])
def test_a_zone_that_postgresql_reads_otherwise_is_refused(warehouse: Database, zone: str) -> None:
    """For an abbreviation, without summer time; as a database of zones of another age would be."""
    told = definitions()
    told.values[TIME_ZONE] = zone
    with (
        Ledger(warehouse.login) as ledger,
        pytest.raises(MisreadZoneError, match=f"BUSINESS_TIME_ZONE={zone} otherwise"),
    ):
        ledger.transaction(told.refuse_others)


def test_a_zone_that_postgresql_does_not_know_is_one_line(warehouse: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    told = definitions()
    told.values[TIME_ZONE] = "Mars/Olympus"
    monkeypatch.setattr(zones, "ZoneInfo", lambda _: ZoneInfo("UTC"))
    with Ledger(warehouse.login) as ledger, pytest.raises(MisreadZoneError, match="does not know"):
        ledger.transaction(told.refuse_others)


def test_zones_with_summer_time_are_read_alike(warehouse: Database) -> None:
    with Ledger(warehouse.login) as ledger:
        for zone in ("Europe/Berlin", "Africa/Cairo", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"):
            ledger.transaction(definitions(zone).refuse_others)


def test_domains_may_change_from_now_on_and_everything_with_a_full_refresh(warehouse: Database) -> None:
    stored = "SELECT name, value, run_id FROM etl.definition WHERE name IN ('shop domains', 'business time zone')"
    with Ledger(warehouse.login) as ledger, warehouse.connect("warehouse_etl") as connection:
        kept(ledger, definitions())
        more = definitions(domains="outlet.example, shop.example")
        ledger.transaction(partial(more.refuse_others, among={TIME_ZONE, VISITOR_KEY}))
        kept(ledger, more)
        assert refused(ledger, more) is None
        assert refused(ledger, definitions()) == SHOP_DOMAINS
        assert sorted(connection.execute(stored).fetchall()) == [
            ("business time zone", "UTC", 1),
            ("shop domains", "outlet.example, shop.example", 2),
            ("shop domains", "shop.example", 1),
        ]
        kept(ledger, definitions(zone="Europe/Berlin"), replaces=True)
        assert sorted(connection.execute(stored).fetchall()) == [
            ("business time zone", "Europe/Berlin", 3),
            ("shop domains", "shop.example", 3),
        ]


def test_a_full_refresh_under_another_key_finds_each_device_under_its_surrogate_key(warehouse: Database) -> None:
    with warehouse.connect() as connection, connection.transaction():
        connection.execute("INSERT INTO dim_device (device_id, is_bot) VALUES ('hashed', false), (NULL, false)")
        connection.execute("INSERT INTO identity.device SELECT device_key, ' d' FROM dim_device WHERE device_id > ''")
        devices = "SELECT dim_device.device_id FROM dim_device JOIN identity.device USING (device_key)"
        assert hash_devices(connection, b"one key") == 0
        assert hash_devices(connection, b"another key", anew=True) == 1
        assert connection.execute(devices).fetchall() == [(identity_hash("d", b"another key"),)]
