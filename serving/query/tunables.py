"""Values that may change while the API runs: which there are, within what bounds, and what operators have set.

Only what a running process takes up is here; all else is a setting, and takes effect with the next start.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

from serving.periodic import Periodic
from serving.problem import Code, Problem
from serving.query.parameters import refused
from serving.query.warehouse import Warehouse

READ = "SELECT name, value, set_by, set_at FROM serving.tunable"
BEFORE = "SELECT value FROM serving.tunable WHERE name = %s"
SET = """
INSERT INTO serving.tunable (name, value, set_by) VALUES (%s, %s, %s)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, set_by = excluded.set_by, set_at = now()
"""
AUDIT = "INSERT INTO serving.audit (account, action, subject, before, after) VALUES (%s, %s, %s, %s, %s)"


@dataclass(frozen=True)
class Tunable:
    """One value; `is_whole` for those that are counts."""

    name: str
    default: float
    minimum: float
    maximum: float
    unit: str
    comment: str
    is_whole: bool = False


TUNABLES = {
    each.name: each
    for each in (
        Tunable("live_poll_seconds", 1, 0.2, 60, "seconds", "How often the live windows are read for all browsers"),
        Tunable("live_minutes", 60, 5, 1440, "minutes", "How far back the first message of the live page goes", True),
        Tunable("live_events", 20, 0, 200, "events", "How many of the newest events are shown; 0 for none", True),
        Tunable("pipeline_sample_seconds", 5, 1, 300, "seconds", "How often the consumers are asked how far they are"),
    )
}
Set = dict[str, tuple[float, str, Any]]


def read_tunables(connection: psycopg.Connection) -> Set:
    """What operators have set: value, by whom, when; raises psycopg.Error."""
    return {name: (value, by, at) for name, value, by, at in connection.execute(READ).fetchall()}


class Tunables:
    """The values as of a few seconds ago; while the warehouse does not answer, the ones known last."""

    def __init__(self, reading: Periodic[Set]) -> None:
        self._reading = reading

    def start(self) -> None:
        """Begin to read."""
        self._reading.start()

    def close(self) -> None:
        """Read no more."""
        self._reading.close()

    def __getitem__(self, name: str) -> float:
        told = TUNABLES[name]
        value = (self._reading.value or {}).get(name, (told.default,))[0]
        return min(max(value, told.minimum), told.maximum)

    def described(self) -> list[dict[str, Any]]:
        """Each with its value and bounds."""
        return [_described(each, (self._reading.value or {}).get(each.name)) for each in TUNABLES.values()]

    async def set(self, warehouse: Warehouse, name: str, value: float, account: str) -> dict[str, Any]:
        """Set one, with a row of the audit; raises Problem for a name that is none or a value out of bounds."""
        if name not in TUNABLES:
            raise Problem(Code.NOT_FOUND, f"there is no tunable value {name[:100]}")
        told = TUNABLES[name]
        if not told.minimum <= value <= told.maximum or (told.is_whole and value != int(value)):
            kind = "a whole number" if told.is_whole else "a number"
            raise refused("value", f"has to be {kind} from {told.minimum:g} to {told.maximum:g} {told.unit}")

        def change(connection: psycopg.Connection) -> Set:
            row = connection.execute(BEFORE, [name]).fetchone()
            connection.execute(SET, [name, value, account])
            before = None if row is None else f"{row[0]:g}"
            connection.execute(AUDIT, [account, "tunable.set", name, before, f"{value:g}"])
            return read_tunables(connection)

        found = await warehouse.do(change)
        return _described(told, found[name])


def _described(told: Tunable, known: tuple[float, str, Any] | None) -> dict[str, Any]:
    value, by, at = known or (told.default, None, None)
    return {
        "name": told.name,
        "value": value,
        "default": told.default,
        "type": "integer" if told.is_whole else "number",
        "minimum": told.minimum,
        "maximum": told.maximum,
        "unit": told.unit,
        "comment": told.comment,
        "set_by": by,
        "set_at": at,
    }
