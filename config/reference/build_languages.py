"""Write country_languages.csv from Unicode CLDR, the package that NOTICE names.

Run from the checkout root, with cldr-core unpacked in CLDR_FOLDER: `python -m config.reference.build_languages
CLDR_FOLDER`. One row per country that has an official language, by code: the one that most of its people speak.
"""

import csv
import json
import sys
from pathlib import Path
from typing import Any

COLUMNS = ("country_code", "language")
NATIONAL = ("official", "de_facto_official")
# Two names of one language: the vocabulary has it under the second.
ONE_NAME = {"nb": "no", "fil": "tl"}


def language(spoken: dict[str, dict[str, str]]) -> str | None:
    """ISO 639 code, without a script: of the national languages the one with the largest share of the population."""
    national = [
        (float(figures["_populationPercent"]), name.partition("_")[0])
        for name, figures in spoken.items()
        if figures.get("_officialStatus") in NATIONAL
    ]
    if not national:
        return None
    code = max(national)[1]
    return ONE_NAME.get(code, code)


def build(cldr: Path) -> list[tuple[str, str]]:
    """All rows of the table in the order of COLUMNS."""
    path = cldr / "cldr-core/supplemental/territoryInfo.json"
    territories: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["supplemental"]["territoryInfo"]
    found = {code: language(facts.get("languagePopulation", {})) for code, facts in territories.items()}
    return sorted((code, name) for code, name in found.items() if name and len(code) == 2 and code.isalpha())


def main() -> None:
    """Write the table beside this file."""
    with Path(__file__).with_name("country_languages.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(build(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
