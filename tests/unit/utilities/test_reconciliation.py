"""The identities of the reconciliation, on figures written by hand."""

from dataclasses import replace

from utilities.reconciliation.identities import StageFigures, partition_identities, warehouse_identities
from utilities.reconciliation.warehouse_figures import Removed, comparisons, side_name

SOUND = StageFigures(
    source=100,
    mirrored=100,
    mirrored_before=100,
    bus=101,
    replayed=1,
    bus_landed=101,
    landed=98,
    dead_landing=3,
    bus_indexed=101,
    indexed=98,
    dead_indexer=3,
    landed_loaded=98,
    loaded=60,
    duplicates=5,
    rejected=2,
    other_kinds=31,
    event_rows=60,
    view_events=20,
    view_rows=20,
    rejected_rows=2,
)


def broken(figures: StageFigures) -> set[str]:
    return {identity.name for identity in partition_identities(figures) if not identity.holds}


def test_every_identity_holds_for_sound_figures() -> None:
    assert broken(SOUND) == set()


def test_an_event_lost_between_two_stages_breaks_the_identity_of_that_stage() -> None:
    assert broken(replace(SOUND, mirrored=99, mirrored_before=99, bus=100)) == {"mirrored"}
    assert broken(replace(SOUND, bus=100)) == {"on the bus"}
    assert broken(replace(SOUND, landed=97)) == {"landed"}
    assert broken(replace(SOUND, indexed=97)) == {"indexed"}
    assert broken(replace(SOUND, landed_loaded=97)) == {"loaded"}
    assert broken(replace(SOUND, event_rows=59)) == {"facts"}
    assert broken(replace(SOUND, view_rows=19)) == {"views"}
    assert broken(replace(SOUND, rejected_rows=1)) == {"rejected"}


def test_an_event_counted_twice_breaks_the_identity_too() -> None:
    assert broken(replace(SOUND, landed=99)) == {"landed"}
    assert broken(replace(SOUND, bus=102)) == {"on the bus"}
    assert broken(replace(SOUND, event_rows=61)) == {"facts"}


def test_what_a_running_mirror_commits_between_two_looks_breaks_nothing() -> None:
    moving = replace(SOUND, mirrored_before=90)
    assert broken(replace(moving, bus=95)) == set()
    assert broken(replace(moving, bus=90)) == {"on the bus"}
    assert broken(replace(moving, bus=102)) == {"on the bus"}


def test_the_difference_says_how_many_are_missing() -> None:
    landed = next(each for each in partition_identities(replace(SOUND, landed=90)) if each.name == "landed")
    assert (landed.left, landed.right, landed.difference) == (101, 93, 8)


def test_a_fact_that_misses_an_event_of_its_kind_is_told() -> None:
    compared = [("daily", "sum of view_count", 60, "rows", 60), ("carts", "add_to_cart_action", 7, "rows", 6)]
    assert [(each.name, each.holds) for each in warehouse_identities(compared)] == [("daily", True), ("carts", False)]


def test_what_retention_removed_is_counted_and_not_missed() -> None:
    retained = replace(SOUND, landed=68, landed_loaded=68, raw_removed=30, event_rows=50, facts_removed=10)
    assert broken(retained) == set()
    assert broken(replace(retained, raw_removed=29)) == {"landed", "loaded"}
    assert broken(replace(retained, facts_removed=11)) == {"facts"}


def test_removed_facts_are_spoken_of_where_some_were_removed() -> None:
    names = [name for row in comparisons() for name in (row[1], row[3])]
    assert not [name for name in names if "removed" in side_name(name, {("views", 0): Removed(bus=7)})]
    assert [side_name(name, {("views", 0): Removed(facts=1)}) for name in names] == names
