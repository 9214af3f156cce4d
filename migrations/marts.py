"""The marts as `sql/marts` has them: one object a file, described by the comment that the file begins with.

-- One row per day: its traffic.                     the grain, which becomes the object's comment
-- identity: (SELECT sum(views) ...) = (SELECT ...)   a condition that holds at any time after a refresh
-- unique: date_key                                   the key of a materialized view
-- views: Product views by people                     any other name: a column and its comment
--   continued, indented
"""

import re
from dataclasses import dataclass
from pathlib import Path

from config.settings import PROJECT_ROOT

MARTS_FOLDER = PROJECT_ROOT / "sql" / "marts"
CREATED = re.compile(r"^CREATE (MATERIALIZED VIEW|VIEW|FUNCTION) mart\.(\w+)(\([^)]*\))?", re.MULTILINE)
ENTRY = re.compile(r"^-- (?:(\w+): )?(.+)$")


@dataclass(frozen=True)
class Mart:
    """One view, materialized view or function of the schema `mart`.

    `kind` is as SQL spells it, `signature` a function's arguments, `unique` the columns of a materialized view's key.
    """

    name: str
    kind: str
    signature: str
    grain: str
    identity: str
    unique: str
    columns: dict[str, str]
    statement: str

    def comments(self) -> list[str]:
        """The statements that put the file's comments on the object and its columns."""
        target = f"{self.kind} mart.{self.name}{self.signature}"
        columns = (
            f"COMMENT ON COLUMN mart.{self.name}.{name} IS {_quoted(text)}" for name, text in self.columns.items()
        )
        return [f"COMMENT ON {target} IS {_quoted(self.grain)}", *columns]


def read_marts(folder: Path = MARTS_FOLDER) -> list[Mart]:
    """All marts in the order of their names; raises ValueError for a file that has no grain, identity or object."""
    return [read_mart(file) for file in sorted(folder.glob("*.sql"))]


def read_mart(file: Path) -> Mart:
    """One file's mart; raises ValueError where its comment or its statement is not as described above."""
    text = file.read_text(encoding="utf-8")
    created = CREATED.search(text)
    if created is None or created[2] != file.stem:
        raise ValueError(f"{file.name} does not create mart.{file.stem}")
    grain, entries = _header(text)
    identity, unique = entries.pop("identity", ""), entries.pop("unique", "")
    if not grain.startswith("One row") or not identity or (created[1] == "MATERIALIZED VIEW" and not unique):
        raise ValueError(f"{file.name} lacks its grain, its identity or its unique key")
    return Mart(file.stem, created[1], created[3] or "", grain.rstrip("."), identity, unique, entries, text)


def _header(text: str) -> tuple[str, dict[str, str]]:
    """The first sentence and, by name, the entries after it."""
    grain = ""
    entries: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if not (found := ENTRY.match(line)):
            break
        if found[2].startswith("  "):
            if name:
                entries[name] += f" {found[2].strip()}"
            else:
                grain += f" {found[2].strip()}"
        elif found[1]:
            name = found[1]
            entries[name] = found[2]
        else:
            grain = found[2]
    return grain, entries


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
