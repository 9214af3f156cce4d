"""Every fact, declared once: whose events it holds, and how its rows are kept, reloaded, erased and counted.

Grain and keys are those of its model (migrations/models), beside which this stands: what asks here need not import
SQLAlchemy. The lists of facts in erasure, retention, loading again, reconciliation, lineage, sql/quality and the
kinds that are read follow from it; tests/fact_pieces.py names what a fact still lacks.
"""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Kept(Enum):
    """What retention does with old months."""

    BY_MONTH = "counted, archived where asked for, and removed"
    FOR_GOOD = "they stay, and tell no longer whose they were (sql/retain), unless they go on in kept days"


class Reloaded(Enum):
    """What loading days again does first; statements of sql/load then insert."""

    BY_DAY = "rows of the days are deleted (sql/reload/020_fact.sql)"
    FROM_EVENTS = "a statement of sql/load deletes what the changed events may have changed"
    WITH_PARENT = "rows go with those of another fact that they refer to"


class Erased(Enum):
    """How a person's rows go."""

    BY_PERSON = "rows of the person, or of the person's events, are deleted (sql/forget/030_fact.sql, 032_person.sql)"
    ANEW = "rows name nobody but count the person: statements of sql/forget or sql/load delete them, to be made anew"
    WITH_PARENT = "rows go with those of another fact that they refer to"


@dataclass(frozen=True)
class Fact:
    """The declaration of a fact.

    `kinds` are the event kinds whose events are its rows, one each; ALL_KINDS for fact_event, none for what is made of
    other facts. `person` is the SQL expression that tells whose row it is, of the facts that are erased by it.
    `counted` names the identity of the reconciliation that counts its rows; None where nothing could: estimates, and
    what a row of another fact counts. `member` is the column that sketches of visitors are by, beside day and audience.
    """

    kept: Kept
    reloaded: Reloaded
    erased: Erased
    counted: str | None
    kinds: tuple[str, ...] = ()
    person: str | None = None
    member: str | None = None

    @property
    def is_of_chosen_kinds(self) -> bool:
        """Whether a row is one event of certain kinds, and stands beside its row of fact_event."""
        return bool(self.kinds) and ALL_KINDS not in self.kinds


ALL_KINDS = "*"
PERSON_OF_EVENT = "coalesce(user_hash, visitor)"
"""The SQL expression that tells whose an event is, in every fact with a row an event."""
OWNED_EVENT = "(user_hash = %(visitor)s OR (user_hash IS NULL AND visitor = %(visitor)s))"
"""Whether that is the visitor, as the indexes of fact_event by user and by visitor serve it."""


def of_events(counted: str, *kinds: str) -> Fact:
    """A fact with a row an event, which is the usual one."""
    return Fact(Kept.BY_MONTH, Reloaded.BY_DAY, Erased.BY_PERSON, counted, kinds, PERSON_OF_EVENT)


def aggregate(counted: str | None = None) -> Fact:
    """A fact that counts others' rows by day, and whose rows outlive them."""
    return Fact(Kept.FOR_GOOD, Reloaded.BY_DAY, Erased.ANEW, counted)


def visitors_by(member: str) -> Fact:
    """A fact of sketches of who viewed a product, by a column that views have."""
    return Fact(Kept.FOR_GOOD, Reloaded.BY_DAY, Erased.ANEW, None, member=member)


def made_of_events(counted: str, person: str) -> Fact:
    """A fact whose row tells of several events, which may come and go."""
    return Fact(Kept.FOR_GOOD, Reloaded.FROM_EVENTS, Erased.BY_PERSON, counted, person=person)


RECOMMENDATIONS = tuple(
    f"{place}_recommendation_{step}"
    for place in ("product_detail", "listing_page", "landing_page")
    for step in ("visible", "noticed", "clicked")
)
FACTS: dict[str, Fact] = {
    "fact_event": of_events("facts", ALL_KINDS),
    "fact_product_view_event": of_events("views", "view_product_detail"),
    "fact_cart_event": of_events("carts", "add_to_cart_action"),
    "fact_search": of_events("searches", "search_box_action"),
    "fact_recommendation": of_events("recommendations", *RECOMMENDATIONS),
    "fact_session": made_of_events("sessions", "person"),
    "fact_order": made_of_events("orders", PERSON_OF_EVENT),
    "fact_order_line": Fact(Kept.FOR_GOOD, Reloaded.WITH_PARENT, Erased.WITH_PARENT, None),
    "fact_product_views": aggregate("daily"),
    "fact_daily_product_views": aggregate("daily by type"),
    "fact_product_visitors": visitors_by("product_key"),
    "fact_country_visitors": visitors_by("country_key"),
    # By what the referrer is, which may become another type: statements of its own.
    "fact_referrer_type_visitors": aggregate(),
}
"""By table; in this order rows are counted and erased."""


def kept_by_month() -> list[str]:
    """Facts with a row an event, whose old months retention removes."""
    return [name for name, fact in FACTS.items() if fact.kept is Kept.BY_MONTH]


def reloaded_by_day() -> list[str]:
    """Facts whose rows of a day are deleted before it is loaded again."""
    return [name for name, fact in FACTS.items() if fact.reloaded is Reloaded.BY_DAY]


def persons() -> dict[str, str]:
    """Of the facts that hold rows of persons: the SQL expression that tells whose."""
    return {name: fact.person for name, fact in FACTS.items() if fact.person}


def told_of_persons() -> list[str]:
    """Of these, the facts whose rows are no single events."""
    return [name for name, fact in FACTS.items() if fact.person and not fact.kinds]


def facts_of_kinds() -> dict[str, Fact]:
    """Facts with a row for each event of certain kinds."""
    return {name: fact for name, fact in FACTS.items() if fact.is_of_chosen_kinds}


def kinds_with_facts() -> dict[str, str]:
    """By kind of event, the fact that holds a row for each of its events beside fact_event."""
    return {kind: name for name, fact in facts_of_kinds().items() for kind in fact.kinds}


def of_single_events() -> list[str]:
    """Facts with a row an event, each of which has the event's session and person."""
    return [name for name, fact in FACTS.items() if fact.kinds]


def of_events_of_any_kind() -> list[str]:
    """The one fact that has them all."""
    return [name for name, fact in FACTS.items() if ALL_KINDS in fact.kinds]


def sketches() -> list[str]:
    """Facts of sketches by a column of views."""
    return [name for name, fact in FACTS.items() if fact.member]


def for_fact(statement: str, fact: str) -> str:
    """A statement of sql/ that is run for several facts: `{fact}` is the table, the others as it declares.

    `{owned}` is the condition that a row is the visitor's.
    """
    declared = FACTS[fact]
    person = declared.person or "NULL"
    owned = OWNED_EVENT if person == PERSON_OF_EVENT else f"{person} = %(visitor)s"
    named = {"{fact}": fact, "{person}": person, "{owned}": owned, "{member}": declared.member or "NULL"}
    for name, text in named.items():
        statement = statement.replace(name, text)
    return statement


RUN_FOR = {
    "reload/020_fact": reloaded_by_day,
    "forget/010_erased_event": of_events_of_any_kind,
    "forget/030_fact": of_single_events,
    "forget/032_person": told_of_persons,
    "load/046_fact_moved": of_single_events,
    "load/071_fact_visitors_removed": sketches,
    "load/072_fact_visitors": sketches,
}
"""Files of sql/ that name `{fact}`, and for which facts each is run."""


def statements(file: Path) -> list[str]:
    """The statements that a file of sql/ stands for: itself, or itself for each fact that it is run for."""
    text = file.read_text(encoding="utf-8")
    if facts := RUN_FOR.get(f"{file.parent.name}/{file.stem}"):
        return [for_fact(text, fact) for fact in facts()]
    return [text]


def for_facts_of_kinds(statement: str) -> str:
    """A statement of sql/ with lines that stand for several facts.

    A line that names `{fact}` is repeated for each fact of chosen kinds, joined by UNION ALL; `{kinds}` in it are the
    fact's, as an array of SQL.
    """
    lines = []
    for line in statement.splitlines():
        if "{fact}" not in line:
            lines.append(line)
            continue
        copies = [
            line.replace("{fact}", name).replace("{kinds}", "ARRAY['" + "', '".join(fact.kinds) + "']")
            for name, fact in facts_of_kinds().items()
        ]
        lines.append("\nUNION ALL\n".join(copies))
    return "\n".join(lines) + "\n"
