"""The reconciliation as tables for a person, and as one JSON object for a program."""

import json
from dataclasses import asdict, fields
from typing import Any

from rich.table import Table

from config.console import result_console
from utilities.reconciliation.identities import Identity, StageFigures, partition_identities, warehouse_identities
from utilities.reconciliation.stage_figures import Figures, collect_figures


def reconcile(as_one_object: bool) -> int:
    """Count and compare, print tables or one JSON object; 0 when every identity holds, else 1."""
    figures = collect_figures()
    identities = [
        (place, identity)
        for place, stages in sorted(figures.partitions.items())
        for identity in partition_identities(stages)
    ]
    identities += [(("all", -1), identity) for identity in warehouse_identities(figures.compared)]
    holds = all(identity.holds for _, identity in identities)
    if as_one_object:
        print(json.dumps(_as_json(figures, identities, holds)))
    else:
        _print_tables(figures, identities, holds)
    return 0 if holds else 1


def _totals(figures: Figures) -> dict[str, int]:
    names = [field.name for field in fields(StageFigures)]
    return {name: sum(getattr(stages, name) for stages in figures.partitions.values()) for name in names}


def _as_json(figures: Figures, identities: list[tuple[tuple[str, int], Identity]], holds: bool) -> dict[str, Any]:
    return {
        "holds": holds,
        "totals": _totals(figures),
        "partitions": {f"{topic}:{partition}": asdict(s) for (topic, partition), s in figures.partitions.items()},
        "behind": {f"{topic}:{partition}": asdict(lag) for (topic, partition), lag in figures.behind.items()},
        "identities": [
            {
                "partition": _place(place),
                "identity": identity.name,
                identity.left_name: identity.left,
                "equals": dict(identity.parts),
                "difference": identity.difference,
                "holds": identity.holds,
            }
            for place, identity in identities
        ],
    }


def _place(place: tuple[str, int]) -> str:
    topic, partition = place
    return topic if partition < 0 else f"{topic}:{partition}"


def _print_tables(figures: Figures, identities: list[tuple[tuple[str, int], Identity]], holds: bool) -> None:
    console = result_console()
    table = Table("partition", "identity", "count", "equals", "difference", "", box=None, pad_edge=False)
    for column in (2, 4):
        table.columns[column].justify = "right"
    for place, identity in identities:
        parts = " + ".join(f"{count:,} {name}" for name, count in identity.parts.items())
        verdict = "holds" if identity.holds else "[red]DIFFERS[/red]"
        left = f"{identity.left:,} {identity.left_name}"
        table.add_row(_place(place), identity.name, left, parts, f"{identity.difference:,}", verdict)
    console.print(table)
    behind = [(_place(place), lag) for place, lag in sorted(figures.behind.items()) if lag.any]
    for place_text, lag in behind:
        console.print(
            f"{place_text} behind: mirror {lag.mirror:,}, landing {lag.landing:,}, indexer {lag.indexer:,},"
            f" ETL {lag.etl:,} records",
            highlight=False,
        )
    total = _totals(figures)
    console.print(
        f"{total['source']:,} at the source, {total['bus']:,} on the bus, {total['landed']:,} landed,"
        f" {total['indexed']:,} indexed, {total['loaded']:,} loaded, {total['view_rows']:,} of them product views:"
        f" {'every identity holds' if holds else 'the numbers DIFFER'}",
        highlight=False,
    )
