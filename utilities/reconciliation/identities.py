"""The identities that must hold from the remote broker to the facts, for every partition (promise 2).

    records at the source, as far as mirrored = mirrored + dead-lettered by the mirror, with those gone there since
    records on the bus                        = mirrored + replayed from dead letters + posted to the API
    records on the bus, as far as landed      = landed + removed by retention + dead-lettered by the landing
    records on the bus, as far as indexed     = indexed + dead-lettered by the indexer
    landed and removed, as far as loaded      = loaded + duplicates + rejected + other kinds
    loaded, says the ledger                   = rows of fact_event + rows removed by retention
    product views in fact_event               = rows of the atomic fact
    rejected, says the ledger                 = rows of etl.rejected_event
    sum of view_count                         = rows of the atomic fact + rows removed by retention
    sum of views by type                      = the same

On the bus count, beside the records there, those that forget_visitor --truncate-bus has counted and removed. And, over
all partitions, each fact built from fact_event holds every one of its events: carts, searches, recommendations,
orders, sessions.

And, for every closed window of the stream that the ETL has loaded completely, what was counted live and late is what
the facts have of the same records, and had of visitors forgotten since (utilities/reconciliation/live_windows.py).

Of a former generation of the topic (utilities.new_generation) the last six are compared: its records on the bus are
not there any more, or are not the ones that were landed.

Each stage is asked how far it has come before the stage above it is counted, so that the figures agree while events
are moving.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

TopicPartition = tuple[str, int]


@dataclass(frozen=True)
class StageFigures:
    """Counts of one partition, each taken below the offset that the counted stage had reached.

    `source_former` is what was mirrored and has gone from the source with a topic that was made anew, or by a
    truncation; `dead_mirror` are the mirror's dead letters. `is_former`: of an earlier generation of the topic, of
    which nothing is counted on the bus any more.
    """

    landed: int
    landed_loaded: int
    loaded: int
    duplicates: int
    rejected: int
    other_kinds: int
    event_rows: int
    view_events: int
    view_rows: int
    rejected_rows: int
    source: int = 0
    mirrored: int = 0
    mirrored_before: int = 0
    bus: int = 0
    replayed: int = 0
    posted: int = 0
    bus_landed: int = 0
    dead_landing: int = 0
    bus_indexed: int = 0
    indexed: int = 0
    dead_indexer: int = 0
    raw_removed: int = 0
    facts_removed: int = 0
    source_expired: int = 0
    source_former: int = 0
    dead_mirror: int = 0
    is_former: bool = False


@dataclass(frozen=True)
class Identity:
    """`left` and `right` are two independent counts of the same thing; `parts` says what `right` is made of."""

    name: str
    left_name: str
    left: int
    parts: Mapping[str, int]
    tolerance: int = 0

    @property
    def right(self) -> int:
        """The sum of the parts."""
        return sum(self.parts.values())

    @property
    def difference(self) -> int:
        """What is missing on the right (positive) or too much there (negative)."""
        return self.left - self.right

    @property
    def holds(self) -> bool:
        """Whether both sides agree; `tolerance` is what a running mirror committed between two looks at it."""
        return -self.tolerance <= self.difference <= 0 if self.tolerance else self.difference == 0


def partition_identities(figures: StageFigures) -> Iterator[Identity]:
    """The identities of one partition; of a former generation those from the raw store down."""
    if not figures.is_former:
        yield from _bus_identities(figures)
    yield from _landed_identities(figures)


def _bus_identities(figures: StageFigures) -> Iterator[Identity]:
    gone = [name for name, count in (("expired", figures.source_expired), ("former", figures.source_former)) if count]
    yield Identity(
        "mirrored",
        " and ".join(["source", *gone]),
        figures.source + figures.source_expired + figures.source_former,
        {"mirrored": figures.mirrored, **_if_any("dead-lettered", figures.dead_mirror)},
    )
    yield Identity(
        "on the bus",
        "bus",
        figures.bus,
        {"mirrored": figures.mirrored, "replayed": figures.replayed, **_if_any("posted", figures.posted)},
        tolerance=figures.mirrored - figures.mirrored_before,
    )
    yield Identity(
        "landed",
        "bus",
        figures.bus_landed,
        {"landed": figures.landed, "dead-lettered": figures.dead_landing, **_if_any("removed", figures.raw_removed)},
    )
    yield Identity(
        "indexed", "bus", figures.bus_indexed, {"indexed": figures.indexed, "dead-lettered": figures.dead_indexer}
    )


def _landed_identities(figures: StageFigures) -> Iterator[Identity]:
    yield Identity(
        "loaded",
        "landed and removed" if figures.raw_removed else "landed",
        figures.landed_loaded + figures.raw_removed,
        {
            "loaded": figures.loaded,
            "duplicates": figures.duplicates,
            "rejected": figures.rejected,
            "other kinds": figures.other_kinds,
        },
    )
    yield Identity(
        "facts",
        "loaded",
        figures.loaded,
        {"fact_event rows": figures.event_rows, **_if_any("removed", figures.facts_removed)},
    )
    yield Identity("views", "product views", figures.view_events, {"atomic fact rows": figures.view_rows})
    yield Identity("rejected", "rejected", figures.rejected, {"rejected_event rows": figures.rejected_rows})


def warehouse_identities(compared: Iterable[tuple[str, str, int, str, int]]) -> Iterator[Identity]:
    """The identities of the facts built from fact_event, over all partitions."""
    for name, left_name, left, right_name, right in compared:
        yield Identity(name, left_name, left, {right_name: right})


def _if_any(name: str, count: int) -> dict[str, int]:
    return {name: count} if count else {}
