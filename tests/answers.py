"""The questions of docs/questions.md, asked again: their answers are those of one fixed stream of events."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from config.settings import PROJECT_ROOT

QUESTIONS = PROJECT_ROOT / "docs" / "questions.md"
ASKED = re.compile(r"```sql\n(?P<statement>.*?)```\n\n```text\n(?P<answer>.*?)```", re.DOTALL)
GENERATED = re.compile(r"^\./millrace generate (.*)$", re.MULTILINE)
CATALOGUE = re.compile(r"^# (\S+\.csv)\n((?:.+\n)+)", re.MULTILINE)
LOADED = re.compile(r"^\./millrace catalog (\S+) --valid-from (\S+)$", re.MULTILINE)
ESTIMATED = {"estimate", "error %"}
"""Columns that depend on the secret key of the visitors' hashes."""
FURTHEST_OFF = 12.0
"""Per cent that an estimate may be off: five times its standard error."""
NUMBERS = {20, 21, 23, 700, 701, 1700}
"""Types of PostgreSQL that psql prints at the right: int8, int2, int4, float4, float8, numeric."""


@dataclass(frozen=True)
class Answer:
    """Names of columns, rows as psql prints their values, and which columns are numbers."""

    names: list[str]
    rows: list[list[str]]
    are_numbers: list[bool]

    def table(self) -> str:
        """As psql prints it."""
        widths = [max(len(row[n]) for row in [self.names, *self.rows]) for n in range(len(self.names))]
        lines = ["|".join(f" {name:^{width}} " for name, width in zip(self.names, widths, strict=True))]
        lines.append("+".join("-" * (width + 2) for width in widths))
        for row in self.rows:
            cells = zip(row, widths, self.are_numbers, strict=True)
            lines.append("|".join(f" {cell:{'>' if right else '<'}{width}} " for cell, width, right in cells))
        lines.append(f"({len(self.rows)} row{'s' if len(self.rows) != 1 else ''})")
        return "".join(f"{line.rstrip()}\n" for line in lines)

    def agrees(self, printed: str) -> bool:
        """Whether a printed table says the same, estimates apart."""
        lines = [[cell.strip() for cell in line.split("|")] for line in printed.splitlines()]
        names, rows = lines[0], lines[2:-1]
        if names != self.names or len(rows) != len(self.rows):
            return False
        exact = [n for n, name in enumerate(names) if name not in ESTIMATED]
        told = [[row[n] for n in exact] for row in rows]
        return told == [[row[n] for n in exact] for row in self.rows] and self.is_near()

    def is_near(self) -> bool:
        """Whether each error of an estimate is one that the sketches may have."""
        errors = [n for n, name in enumerate(self.names) if name == "error %"]
        return all(abs(float(row[n])) <= FURTHEST_OFF for row in self.rows for n in errors)


def ask(connection: psycopg.Connection, statement: str) -> Answer:
    """What the warehouse answers."""
    cursor = connection.execute(statement.encode())
    columns = cursor.description or []
    rows = [["" if value is None else str(value) for value in row] for row in cursor.fetchall()]
    return Answer([each.name for each in columns], rows, [each.type_code in NUMBERS for each in columns])


def generated() -> tuple[str, ...]:
    """The options of the generator that the page names."""
    named = GENERATED.search(QUESTIONS.read_text(encoding="utf-8"))
    return tuple(named[1].split()) if named else ()


def catalogues() -> Iterator[tuple[str, str]]:
    """Text of each catalogue that the page loads, and since when it is valid."""
    page = QUESTIONS.read_text(encoding="utf-8")
    texts = {each[1]: each[2] for each in CATALOGUE.finditer(page)}
    return ((texts[name].removesuffix("```\n"), valid_from) for name, valid_from in LOADED.findall(page))


def wrong_answers(connection: psycopg.Connection) -> Iterator[str]:
    """Each statement of the page whose answer is another one, with the answer as the page should have it."""
    for asked in ASKED.finditer(QUESTIONS.read_text(encoding="utf-8")):
        answer = ask(connection, asked["statement"])
        if not answer.agrees(asked["answer"]):
            yield f"{asked['statement']}\n{answer.table()}"
