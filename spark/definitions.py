"""What defines the stored data, kept with it in `etl.definition`: no run mixes two meanings in one warehouse.

A day is a day of one time zone, a visitor the hash under one key, and what is the shop's is told by its domains. The
first run that loads anything writes down what it was told; a run that is told otherwise is refused before it reads.
"""

from collections.abc import Collection
from dataclasses import dataclass

import psycopg

from config.errors import TerminalError
from kafka.visitor import keyed_hash
from spark.enrichment.settings import EnrichmentSettings, split_shop_domains
from spark.settings import MeaningSettings
from spark.zones import refuse_zone_of_postgresql

DEFINITIONS_VERSION = "3"
"""Raised with each change of docs/definitions.md that moves numbers. Its revision carries the stored data over and sets
the value in `etl.definition`; where it cannot, it leaves the value, and the next run says what to do."""

TIME_ZONE, VISITOR_KEY, SHOP_DOMAINS, VERSION = "business time zone", "visitor key", "shop domains", "version"
SETTINGS = {TIME_ZONE: "BUSINESS_TIME_ZONE", VISITOR_KEY: "VISITOR_HASH_KEY", SHOP_DOMAINS: "SHOP_DOMAINS"}
ALL = frozenset({*SETTINGS, VERSION})
FROM_NOW_ON = frozenset({SHOP_DOMAINS, VERSION})
"""What may change while the rest stays: a day or a visitor of two meanings would be counted twice."""

CHECKED_TEXT = b"millrace: check value of VISITOR_HASH_KEY"
CHECK_DIGITS = 16

STORED = "SELECT DISTINCT ON (name) name, value FROM etl.definition ORDER BY name, run_id DESC"
FORGET = "DELETE FROM etl.definition"
KEEP = "INSERT INTO etl.definition (name, run_id, value) VALUES (%s, %s, %s) ON CONFLICT (name, run_id) DO NOTHING"


class OtherDefinitionError(TerminalError):
    """The stored data mean something else than the settings say."""

    def __init__(self, name: str, stored: str, told: str) -> None:
        self.name, self.stored, self.told = name, stored, told
        ways = ["load everything anew under it (./millrace etl --full-refresh)"]
        if name in FROM_NOW_ON:
            ways.append("keep what is stored and go on under it (./millrace etl --from-now-on)")
        if name == VERSION:
            found = f"the warehouse holds definitions of version {stored}, and this program has version {told}"
            ways.insert(0, "install the version of the program that loaded it")
        else:
            found = f"the warehouse was loaded with {_shown(name, stored)}, and now it is {_shown(name, told)}"
            ways.insert(0, "set it back")
        super().__init__(f"{found}: nothing was changed; {', or '.join(ways)}")


@dataclass(frozen=True)
class Definitions:
    """What the settings say, by name."""

    values: dict[str, str]

    @classmethod
    def of(cls, settings: MeaningSettings, enrichment: EnrichmentSettings) -> "Definitions":
        """Of the visitor's key a check value only."""
        return cls(
            {
                TIME_ZONE: settings.business_time_zone,
                VISITOR_KEY: check_value(settings.visitor_hash_key.get_secret_value()),
                SHOP_DOMAINS: ", ".join(sorted(set(enrichment.shop_domain_names))),
                VERSION: DEFINITIONS_VERSION,
            }
        )

    def refuse_others(self, connection: psycopg.Connection, among: Collection[str] = ALL) -> None:
        """Raise OtherDefinitionError where the stored data have another definition, of those named in `among`.

        And MisreadZoneError where PostgreSQL has other days than we.
        """
        refuse_zone_of_postgresql(connection, self.values[TIME_ZONE])
        stored = _stored(connection)
        for name, told in self.values.items():
            if name in among and stored.get(name, told) != told:
                raise OtherDefinitionError(name, stored[name], told)

    def is_other(self, connection: psycopg.Connection, name: str) -> bool:
        """Whether the stored data have another definition of that name."""
        return _stored(connection).get(name, self.values[name]) != self.values[name]

    def keep(self, connection: psycopg.Connection, run_id: int, replaces: bool) -> None:
        """Write down what is new, in the transaction that loads the run; with `replaces`, nothing else is stored."""
        if replaces:
            connection.execute(FORGET)
        stored = _stored(connection)
        for name, told in self.values.items():
            if stored.get(name) != told:
                connection.execute(KEEP, [name, run_id, told])


def _stored(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute(STORED).fetchall())


def stored_time_zone(connection: psycopg.Connection) -> str:
    """The zone whose days the stored data have; UTC where nothing is stored."""
    return _stored(connection).get(TIME_ZONE, "UTC")


def stored_shop_domains(connection: psycopg.Connection) -> tuple[str, ...] | None:
    """The domains by which the stored data were read, in the order of the alphabet; None where nothing is stored."""
    stored = _stored(connection).get(SHOP_DOMAINS)
    return None if stored is None else split_shop_domains(stored)


def check_value(key: str) -> str:
    """16 hex digits of HMAC-SHA-256 under the key, which tell one key from another and not what it is."""
    return keyed_hash(CHECKED_TEXT, key.encode())[:CHECK_DIGITS]


def _shown(name: str, value: str) -> str:
    return f"another {SETTINGS[name]} (check value {value})" if name == VISITOR_KEY else f"{SETTINGS[name]}={value}"
