"""The reconciliation as a person reads it: within 80 columns, whatever the numbers, and no difference left out."""

from dataclasses import replace

import pytest

from tests.unit.utilities.test_reconciliation import SOUND
from utilities.reconciliation.identities import Identity, StageFigures, partition_identities
from utilities.reconciliation.report import ALL_PARTITIONS, Place, report_lines
from utilities.reconciliation.stage_figures import Behind, Figures

HUGE = 987_654_321
LONG_TOPIC = "a-topic-of-a-shop-with-" + "many-words-in-its-name-" * 9
Identities = list[tuple[Place, Identity]]


def large(figures: StageFigures) -> StageFigures:
    """The same, each count some hundred million times larger."""
    return StageFigures(**{name: count * HUGE for name, count in vars(figures).items()})


def asked(stages: dict[Place, StageFigures]) -> tuple[Figures, Identities]:
    behind = {place: Behind(*[HUGE] * 4) for place in stages}
    identities = [(place, each) for place, counts in stages.items() for each in partition_identities(counts)]
    return Figures(stages, behind, []), identities


def report(stages: dict[Place, StageFigures], every_partition: bool = False) -> list[str]:
    return list(report_lines(*asked(stages), every_partition))


@pytest.mark.parametrize("every_partition", [False, True])
@pytest.mark.parametrize("topic", ["product_views", LONG_TOPIC])
def test_no_line_is_wider_than_80_columns(topic: str, every_partition: bool) -> None:
    lost = replace(SOUND, landed=1, raw_removed=1, facts_removed=1, source_expired=5)
    figures, identities = asked({(topic, partition): large(lost) for partition in range(12)})
    many_parts = {f"refused for reason {number}": HUGE * 10**6 for number in range(9)}
    identities.append((ALL_PARTITIONS, Identity("one of many parts", "what was sent by every shop", 1, many_parts)))
    identities.append((ALL_PARTITIONS, Identity("one long word", "x" * 200, 1, {"y" * 200: 2})))
    lines = list(report_lines(figures, identities, every_partition))
    assert max(map(len, lines)) <= 80
    assert all(f"{HUGE * 10**6:,} refused for reason {number}" in "\n".join(lines) for number in range(9))


def test_partitions_that_agree_are_one_row_an_identity() -> None:
    lines = report({("views", partition): SOUND for partition in range(3)})
    assert not any("DIFFERS" in line for line in lines)
    (landed,) = [line for line in lines if line.startswith("ok       landed")]
    assert landed.split()[2:] == ["303", "bus", "=", "294", "landed", "+", "9", "dead-lettered"]
    assert not any(line.startswith("views:") for line in lines)


def test_the_partition_that_differs_is_shown_with_what_is_missing() -> None:
    lines = report({("views", 0): SOUND, ("views", 1): replace(SOUND, landed=90)})
    text = "\n".join(lines)
    assert "DIFFERS  landed" in text
    assert "8 missing in 1 of 2 partitions" in " ".join(text.split())
    assert [line for line in lines if line.startswith("views:")] == ["views:1:"]
    assert lines[-1].endswith("the numbers DIFFER")


def test_differences_that_cancel_each_other_are_still_told() -> None:
    lines = report({("views", 0): replace(SOUND, landed=97), ("views", 1): replace(SOUND, landed=99)})
    assert sum(line.startswith("DIFFERS  landed") for line in lines) == 3
    assert "too many" in "\n".join(lines)


def test_every_partition_is_shown_when_asked_for() -> None:
    lines = report({("views", partition): SOUND for partition in range(3)}, every_partition=True)
    assert [line for line in lines if line.startswith("views:")][:3] == ["views:0:", "views:1:", "views:2:"]


def test_what_the_stages_have_still_to_take_is_summed() -> None:
    (line,) = [line for line in report({("views", 0): SOUND, ("views", 1): SOUND}) if line.startswith("behind")]
    assert f"landing {2 * HUGE:,}" in line


def test_an_identity_over_all_partitions_is_one_row_and_its_difference_is_told() -> None:
    figures, _ = asked({})
    lines = list(report_lines(figures, [(ALL_PARTITIONS, Identity("carts", "added", 7, {"rows": 6}))], False))
    assert lines[0].split() == ["DIFFERS", "carts", "7", "added", "=", "6", "rows;", "1", "missing"]
