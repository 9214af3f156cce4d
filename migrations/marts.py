"""What `sql/marts` and `sql/functions` create: one object a file, described by the comment that the file begins with.

-- One row per day: its traffic.                     the grain, which becomes the object's comment
-- identity: (SELECT sum(views) ...) = (SELECT ...)   a condition that holds at any time after a refresh
-- unique: date_key                                   the key of a materialized view
-- execute: warehouse_etl                             the only role that may call a function, apart from its owner
-- views: Product views by people                     any other name: a column and its comment
--   continued, indented

Objects of schema `mart` are for analysts and have a grain and an identity; those of schema `etl` have neither. A
materialized view stands in schema `materialized`, which analysts need not know: many tools list no materialized views.
Its file makes a plain view of all of it in `mart` besides, by the same name, which has the identity and the comments.
"""

import hashlib
import re
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from config.settings import PROJECT_ROOT

MARTS_FOLDER = PROJECT_ROOT / "sql" / "marts"
FUNCTIONS_FOLDER = PROJECT_ROOT / "sql" / "functions"
CREATED = re.compile(
    r"^CREATE (MATERIALIZED VIEW|VIEW|FUNCTION) (mart|etl|materialized)\.(\w+)(\([^)]*\))?", re.MULTILINE
)
ENTRY = re.compile(r"^-- (?:(\w+): )?(.+)$")
COMMENT = re.compile(r"--.*$", re.MULTILINE)
NAMED = re.compile(r"\b(?:mart|etl|materialized)\.\w+")
MATERIALIZED = "MATERIALIZED VIEW"
FRESHNESS = "materialized.freshness"
"""Tells what the materialized marts were computed from, so it is computed before each of them, and with all of them."""


@dataclass(frozen=True)
class Mart:
    """One view, materialized view or function, as its file describes it.

    `kind` is as SQL spells it, `signature` a function's arguments, `unique` the columns of a materialized view's key,
    `execute` the role that alone may call a function, `checksum` the SHA-256 of the file.
    """

    schema: str
    name: str
    kind: str
    signature: str
    grain: str
    identity: str
    unique: str
    execute: str
    columns: dict[str, str]
    statement: str

    @property
    def qualified_name(self) -> str:
        """With its schema: the name by which others read it."""
        return f"{self.schema}.{self.name}"

    @property
    def target(self) -> str:
        """As DROP and COMMENT ON name it: kind, name and, of a function, arguments."""
        return f"{self.kind} {self.qualified_name}{self.signature}"

    @property
    def checksum(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.statement.encode()).hexdigest()

    def statements(self) -> list[str]:
        """Those that create the object, its key, its comments and its privileges."""
        made = [self.statement]
        if self.unique:
            # Without a unique index a materialized view cannot be refreshed while others read it.
            made.append(f"CREATE UNIQUE INDEX {self.name}_key ON {self.qualified_name} ({self.unique})")
        made += self.comments()
        if self.execute:
            function = f"{self.qualified_name}{self.signature}"
            made.append(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
            made.append(f"GRANT EXECUTE ON FUNCTION {function} TO {self.execute}")
        return made

    def comments(self) -> list[str]:
        """The statements that put the file's comments on the object and its columns."""
        columns = (
            f"COMMENT ON COLUMN {self.qualified_name}.{name} IS {_quoted(text)}" for name, text in self.columns.items()
        )
        return [f"COMMENT ON {self.target} IS {_quoted(self.grain)}", *columns]

    def reads(self, known: set[str]) -> set[str]:
        """Of the objects known by qualified name, those that this one's statement names."""
        named = set(NAMED.findall(COMMENT.sub("", self.statement)))
        if self.kind == MATERIALIZED:
            named.add(FRESHNESS)
        return (named & known) - {self.qualified_name}


def read_marts() -> list[Mart]:
    """The objects of schema `mart` in the order of their names; raises ValueError for a file that is not as above."""
    return [each for each in read_objects() if each.schema == "mart"]


def read_objects() -> list[Mart]:
    """All marts and functions in the order of their names; raises ValueError for a file that is not as above."""
    files = [*MARTS_FOLDER.glob("*.sql"), *FUNCTIONS_FOLDER.glob("*.sql")]
    return [each for file in sorted(files, key=lambda file: file.name) for each in read_file(file)]


def by_dependence(objects: list[Mart]) -> list[Mart]:
    """The objects, each behind those that it reads; raises ValueError where they read each other in a circle."""
    named = {each.qualified_name: each for each in objects}
    graph = {name: sorted(each.reads(set(named))) for name, each in named.items()}
    try:
        return [named[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise ValueError(f"files in sql/ read each other in a circle: {' <- '.join(error.args[1])}") from None


def read_file(file: Path) -> list[Mart]:
    """What one file makes, the mart last; raises ValueError where comment or statement is not as described above."""
    text = file.read_text(encoding="utf-8")
    created = CREATED.search(text)
    if created is None or created[3] != file.stem:
        raise ValueError(f"{file.name} does not create mart.{file.stem}, materialized.{file.stem} or etl.{file.stem}")
    kind, schema, name, signature = created.groups(default="")
    grain, entries = _header(text)
    grain = grain.rstrip(".")
    identity, unique, execute = (entries.pop(entry, "") for entry in ("identity", "unique", "execute"))
    if (kind == MATERIALIZED) != (schema == "materialized"):
        raise ValueError(f"{file.name}: what is materialized stands in schema materialized, and nothing else does")
    lacks = not grain or (kind == MATERIALIZED and not unique)
    if lacks or (schema != "etl" and not (grain.startswith("One row") and identity)):
        raise ValueError(f"{file.name} lacks its grain, its identity or its unique key")
    if kind != MATERIALIZED:
        return [Mart(schema, name, kind, signature, grain, identity, unique, execute, entries, text)]
    shown = f"CREATE VIEW mart.{name} AS SELECT * FROM {schema}.{name}"
    return [
        Mart(schema, name, kind, signature, grain, "", unique, execute, {}, text),
        Mart("mart", name, "VIEW", "", grain, identity, "", "", entries, shown),
    ]


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
