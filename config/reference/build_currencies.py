"""Write currencies.csv from Unicode CLDR, the package that NOTICE names.

Run from the checkout root, with cldr-core unpacked in CLDR_FOLDER:
`python -m config.reference.build_currencies CLDR_FOLDER`. One row per ISO 4217 code that was legal tender somewhere
since the warehouse's first day, by code: prices of those days are in currencies that are gone by now.
"""

import csv
import json
import sys
from pathlib import Path

FIRST_DAY = "2015-01-01"
NO_CURRENCY = "XXX"


def tender(history: dict[str, list[dict[str, dict[str, str]]]]) -> set[str]:
    """The codes of CLDR's currency history by territory that were legal tender on or after FIRST_DAY."""
    return {
        code
        for periods in history.values()
        for period in periods
        for code, dates in period.items()
        if dates.get("_tender") != "false" and dates.get("_to", FIRST_DAY) >= FIRST_DAY and code != NO_CURRENCY
    }


def main() -> None:
    """Write the table beside this file."""
    source = Path(sys.argv[1], "cldr-core/supplemental/currencyData.json")
    data = json.loads(source.read_text(encoding="utf-8"))
    with Path(__file__).with_name("currencies.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["currency"])
        writer.writerows([code] for code in sorted(tender(data["supplemental"]["currencyData"]["region"])))


if __name__ == "__main__":
    main()
