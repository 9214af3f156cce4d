"""Write countries.csv from Unicode CLDR and the IANA time zone database, the two packages that NOTICE names.

Run from the checkout root, with cldr-core and cldr-localenames-full unpacked side by side in CLDR_FOLDER:
`python -m config.reference.build_countries CLDR_FOLDER ZONEINFO_FOLDER`. One row per ISO 3166-1 country, by code.
"""

import csv
import json
import sys
from pathlib import Path
from typing import Any

COLUMNS = ("country_code", "country_name", "region", "continent", "currency", "time_zone")

# Where a country has several zones, the first that contains its capital; checked against zone.tab below.
CAPITAL_ZONES = {
    "AQ": "Antarctica/McMurdo",
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CY": "Asia/Nicosia",
    "FM": "Pacific/Pohnpei",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KI": "Pacific/Tarawa",
    "KZ": "Asia/Almaty",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PS": "Asia/Hebron",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "UM": "Pacific/Wake",
    "US": "America/New_York",
}
# UN M49 areas, in the order in which they are asked; North and South America rather than one continent.
CONTINENTS = {"002": "Africa", "003": "North America", "005": "South America", "142": "Asia", "150": "Europe"}
OCEANIA = "009"
NO_CURRENCY = "XXX"


def tabbed(path: Path) -> list[list[str]]:
    """The rows of a tz database table, without its comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def time_zone(code: str, zones: list[str], primary: dict[str, str]) -> str | None:
    """The zone of the country's capital; raises ValueError where several remain."""
    chosen = CAPITAL_ZONES.get(code) or primary.get(code) or (zones[0] if len(zones) == 1 else None)
    if zones and chosen not in zones:
        raise ValueError(f"{code}: name the capital's zone, one of {', '.join(zones)}")
    return chosen if zones else None


def currency(code: str, history: list[dict[str, dict[str, str]]]) -> str | None:
    """The legal tender of today; of two, the country's own, whose ISO 4217 code starts with the country's."""
    tender = [
        (name.startswith(code), dates.get("_from", ""), name)
        for period in history
        for name, dates in period.items()
        if "_to" not in dates and dates.get("_tender") != "false" and name != NO_CURRENCY
    ]
    return max(tender)[2] if tender else None


def area_of(code: str, areas: dict[str, list[str]], candidates: list[str]) -> str | None:
    """Which of the M49 areas contains the territory, directly or through a smaller area."""

    def contains(area: str) -> bool:
        return any(part == code or (part in areas and contains(part)) for part in areas[area])

    return next((area for area in candidates if contains(area)), None)


def build(cldr: Path, zoneinfo: Path) -> list[tuple[str | None, ...]]:
    """All rows of the table in the order of COLUMNS."""

    def supplemental(name: str) -> Any:
        return json.loads((cldr / f"cldr-core/supplemental/{name}.json").read_text(encoding="utf-8"))["supplemental"][
            name
        ]

    names_file = cldr / "cldr-localenames-full/main/en/territories.json"
    names = json.loads(names_file.read_text(encoding="utf-8"))["main"]["en"]["localeDisplayNames"]["territories"]
    containment = supplemental("territoryContainment")
    areas = {area: parts["_contains"] for area, parts in containment.items() if area.isdigit()}
    regions = [area for area in areas if any(part.isalpha() for part in areas[area]) and area not in {"202", "001"}]
    currencies, primary = supplemental("currencyData")["region"], supplemental("primaryZones")
    zones: dict[str, list[str]] = {}
    for code, _position, zone, *_comment in tabbed(zoneinfo / "zone.tab"):
        zones.setdefault(code, []).append(zone)
    rows: list[tuple[str | None, ...]] = []
    for code, _name in sorted(tabbed(zoneinfo / "iso3166.tab")):
        name = names[f"{code}-alt-short"] if code in {"HK", "MO", "PS"} else names[code]
        region = area_of(code, areas, [area for area in regions if area != OCEANIA])
        continent = area_of(code, areas, [*CONTINENTS, OCEANIA])
        continent_name = "Antarctica" if code == "AQ" else CONTINENTS.get(continent or "", "Oceania")
        region_name = names[region] if region else continent_name
        rows.append(
            (
                code,
                name,
                region_name,
                continent_name,
                currency(code, currencies[code]),
                time_zone(code, zones.get(code, []), primary),
            )
        )
    return rows


def main() -> None:
    """Write the table beside this file."""
    rows = build(Path(sys.argv[1]), Path(sys.argv[2]))
    with Path(__file__).with_name("countries.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
