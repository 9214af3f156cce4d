"""The reconciliation for a person, within 80 columns, and as one JSON object for a program."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from typing import Any

from rich.text import Text

from config.console import result_console
from config.printable import printable
from config.signs_of_life import working
from utilities.reconciliation.feed_figures import feed_identities
from utilities.reconciliation.identities import Identity, StageFigures, partition_identities, warehouse_identities
from utilities.reconciliation.live_windows import MEASURES, LiveWindows, live_identities
from utilities.reconciliation.stage_figures import Figures, collect_figures

WIDTH = 80
HOLDS, DIFFERS = "ok", "DIFFERS"
ALL_PARTITIONS = ("all", -1)
MOST_WINDOWS = 10
"""That differ and are listed."""

Place = tuple[str, int]
"""Topic and partition."""


def reconcile(as_one_object: bool, every_partition: bool = False) -> int:
    """Count and compare, print a report or one JSON object; 0 when every identity holds, else 1."""
    with working("counting the events of every stage"):
        figures = collect_figures()
    identities = [
        (place, identity)
        for place, stages in sorted(figures.partitions.items())
        for identity in partition_identities(stages)
    ]
    identities += [
        (place, identity) for place, feed in sorted(figures.feeds.items()) for identity in feed_identities(feed)
    ]
    identities += [(ALL_PARTITIONS, identity) for identity in warehouse_identities(figures.compared)]
    identities += [(ALL_PARTITIONS, identity) for identity in live_identities(figures.live)]
    holds = _holds(figures, identities)
    if as_one_object:
        print(json.dumps(_as_json(figures, identities, holds)))
    else:
        console = result_console()
        for line in report_lines(figures, identities, every_partition):
            console.print(Text(printable(line), style="red" if line.startswith(DIFFERS) else ""), soft_wrap=True)
    return 0 if holds else 1


def _holds(figures: Figures, identities: Sequence[tuple[Place, Identity]]) -> bool:
    is_sound = not figures.strangers and not figures.live.differing
    return is_sound and all(identity.holds for _, identity in identities)


def _totals(figures: Figures) -> dict[str, int]:
    names = [field.name for field in fields(StageFigures)]
    return {name: sum(getattr(stages, name) for stages in figures.partitions.values()) for name in names}


def _as_json(figures: Figures, identities: Sequence[tuple[Place, Identity]], holds: bool) -> dict[str, Any]:
    return {
        "holds": holds,
        "totals": _totals(figures),
        "partitions": {f"{topic}:{partition}": asdict(s) for (topic, partition), s in figures.partitions.items()},
        "feeds": {f"{topic}:{partition}": asdict(feed) for (topic, partition), feed in figures.feeds.items()},
        "behind": {f"{topic}:{partition}": asdict(lag) for (topic, partition), lag in figures.behind.items()},
        "skipped": dict(figures.skipped),
        "strangers": list(figures.strangers),
        "live": _live_as_json(figures.live),
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


def _live_as_json(live: LiveWindows) -> dict[str, Any]:
    return {
        "has_run": live.has_run,
        "windows": len(live.windows),
        "differing": [
            {"window": window.start.isoformat(), **dict(zip(MEASURES, map(asdict, window.measures), strict=True))}
            for window in live.differing
        ],
    }


def _place(place: Place) -> str:
    topic, partition = place
    return topic if partition < 0 else f"{topic}:{partition}"


@dataclass(frozen=True)
class _Sum:
    """One identity over all its partitions: the counts added up, and the partitions where it does not hold."""

    identity: Identity
    partitions: int
    differing: int

    @property
    def verdict(self) -> str:
        # Two differences that cancel each other in the sum are two differences.
        return DIFFERS if self.differing else HOLDS

    @property
    def remark(self) -> str:
        """What differs, for the end of the line."""
        if not self.differing:
            return ""
        where = f" in {self.differing} of {self.partitions} partitions" if self.partitions > 1 else ""
        return f"; {_difference(self.identity)}{where}"


def report_lines(
    figures: Figures, identities: Sequence[tuple[Place, Identity]], every_partition: bool
) -> Iterator[str]:
    """One row an identity, summed over the partitions; then the partitions that differ, or every one."""
    indent = max((len(identity.name) for _, identity in identities), default=0) + len(DIFFERS) + 4
    for total in _sums([identity for _, identity in identities]):
        yield from _row(total.verdict, total.identity, total.remark, indent)
    for place, of_place in groupby(identities, key=lambda pair: pair[0]):
        shown = [one for _, one in of_place if every_partition or not one.holds] if place != ALL_PARTITIONS else []
        if shown:
            yield ""
            yield from _wrapped(f"{_place(place)}:", 0)
        for identity in shown:
            remark = "" if identity.holds else f"; {_difference(identity)}"
            yield from _row(HOLDS if identity.holds else DIFFERS, identity, remark, indent)
    yield ""
    yield from _behind(figures, every_partition)
    skipped = ", ".join(f"{stage}\u00a0{count:,}" for stage, count in figures.skipped.items() if count)
    if skipped:
        yield from _wrapped(f"lost before they were read, and passed over: {skipped} offsets", 2)
    for stranger in figures.strangers:
        yield from _wrapped(f"{DIFFERS}: {stranger}", 2)
    yield from _live(figures.live)
    holds = _holds(figures, identities)
    yield from _wrapped(_summary(figures, holds), 0)


def _sums(identities: Sequence[Identity]) -> Iterator[_Sum]:
    """In the order of the first partition, which is that of the stages."""
    by_name: dict[str, list[Identity]] = {}
    for identity in identities:
        by_name.setdefault(identity.name, []).append(identity)
    for name, same in by_name.items():
        parts: dict[str, int] = {}
        for identity in same:
            for part, count in identity.parts.items():
                parts[part] = parts.get(part, 0) + count
        # One partition's name may say more ("source and expired"), and then the sum is of that.
        left_name = max((identity.left_name for identity in same), key=len)
        summed = Identity(name, left_name, sum(identity.left for identity in same), parts)
        yield _Sum(summed, len(same), sum(not identity.holds for identity in same))


def _row(verdict: str, identity: Identity, remark: str, indent: int) -> list[str]:
    """`verdict  name  count left = count part + count part; remark`, the counts never cut from their names."""
    parts = [f"{count:,} {name}" for name, count in identity.parts.items()]
    terms = [f"{identity.left:,} {identity.left_name}", *(f"+ {part}" for part in parts)]
    terms[1:2] = [term.replace("+", "=", 1) for term in terms[1:2]]
    text = " ".join(term.replace(" ", "\u00a0") for term in terms) + remark
    start = f"{verdict:{len(DIFFERS)}}  {identity.name}"
    return _wrapped(f"{start:{indent}}".replace(" ", "\u00a0") + text, indent)


def _wrapped(text: str, indent: int) -> list[str]:
    lines = textwrap.wrap(text, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines]


def _difference(identity: Identity) -> str:
    count = identity.difference
    return f"{-count:,} too many" if count < 0 else f"{count:,} missing"


def _behind(figures: Figures, every_partition: bool) -> Iterator[str]:
    """What the stages have still to take; nothing where none is behind."""
    lags = {place: asdict(lag) for place, lag in sorted(figures.behind.items()) if lag.any}
    if not lags:
        return
    stages = next(iter(lags.values()))
    total = {stage: sum(lag[stage] for lag in lags.values()) for stage in stages}
    shown = {"behind": total, **({_place(place): lag for place, lag in lags.items()} if every_partition else {})}
    for name, lag in shown.items():
        counts = ", ".join(f"{stage}\u00a0{count:,}" for stage, count in lag.items())
        yield from _wrapped(f"{name}: {counts} records", 2)


def _live(live: LiveWindows) -> Iterator[str]:
    """The first windows that differ; one line where there is nothing to compare."""
    if not live.windows:
        reason = "no closed window is loaded yet" if live.has_run else "./millrace stream never ran"
        yield from _wrapped(f"live windows are not compared: {reason}", 2)
        return
    differing = live.differing
    for window in differing[:MOST_WINDOWS]:
        told = [
            f"{name}\u00a0{each.live:,}\u00a0+\u00a0{each.late:,}\u00a0late,"
            f" facts\u00a0{each.facts:,}{f' and {each.erased:,} erased' if each.erased else ''}"
            for name, each in zip(MEASURES, window.measures, strict=True)
            if not each.holds
        ]
        yield from _wrapped(f"{DIFFERS}: window {window.start:%Y-%m-%d %H:%M:%S}: {'; '.join(told)}", 2)
    if len(differing) > MOST_WINDOWS:
        yield from _wrapped(f"{DIFFERS}: {len(differing) - MOST_WINDOWS:,} windows more", 2)


def _summary(figures: Figures, holds: bool) -> str:
    total = _totals(figures)
    return (
        f"{total['source']:,} at the source, {total['bus']:,} on the bus, {total['landed']:,} landed,"
        f" {total['indexed']:,} indexed, {total['loaded']:,} loaded, {total['view_rows']:,} of them product views:"
        f" {'every identity holds' if holds else 'the numbers DIFFER'}"
    )
