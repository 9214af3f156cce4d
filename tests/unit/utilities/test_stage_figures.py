"""What the bus and the mirror say of one partition, after all that may happen to a source."""

from array import array
from collections.abc import Iterable
from dataclasses import replace

from kafka.dead_letters.letter import MIRROR
from kafka.mirror.offsets import MirrorOffset
from kafka.position import BusPosition
from utilities.reconciliation.bus_records import PartitionRecords
from utilities.reconciliation.identities import Identity, partition_identities
from utilities.reconciliation.stage_figures import _Bus, _Raw, _Snapshot
from utilities.reconciliation.warehouse_figures import WarehouseFigures

EMPTY = WarehouseFigures({}, {}, {}, {}, {}, {}, {}, {}, [])


def records(contents: Iterable[int], low: int = 0) -> PartitionRecords:
    """Records of consecutive offsets from `low` on."""
    listed = list(contents)
    return PartitionRecords(low, array("q", range(low, low + len(listed))), array("q"), array("q", listed))


def mirrored(source: PartitionRecords, bus: PartitionRecords, offset: MirrorOffset, dead: Iterable[int]) -> Identity:
    """The first identity, where the mirror's letters of the present source topic are at the offsets `dead`."""
    letters = {BusPosition("views", 0, at) for at in dead}
    there = _Bus({0: source}, {0: bus}, {0: offset}, {0: offset}, {MIRROR: letters}, "", "")
    return next(partition_identities(_Snapshot("views", EMPTY, _Raw({}, {}, {}), {}, {}, there).figures(0)))


def test_the_oldest_record_at_the_source_may_be_one_that_was_set_aside() -> None:
    sent = list(range(100, 110))
    bus = records(sent[:5] + sent[6:])
    for low in range(11):
        found = mirrored(records(sent[low:], low), bus, MirrorOffset(10, 9, dead=1), [5])
        assert found.holds, (low, found)


def test_letters_of_a_source_that_was_made_anew_count_with_it() -> None:
    sent = list(range(100, 150))
    bus = records([*range(98), *sent[:5], *sent[6:]])
    offset = MirrorOffset(50, 98 + 49, dead=3, earlier=100)
    for low in range(51):
        found = mirrored(records(sent[low:], low), bus, offset, [5])
        assert found.holds, (low, found)


def test_a_record_that_the_mirror_lost_is_missed_beside_dead_letters() -> None:
    sent = list(range(100, 110))
    bus = records(sent[:5] + sent[6:8] + sent[9:])
    for low in range(9):
        found = mirrored(records(sent[low:], low), bus, MirrorOffset(10, 8, dead=1), [5])
        assert not found.holds, (low, found)


def test_what_a_truncation_took_has_not_expired() -> None:
    sent = list(range(100, 190))
    bus = records([*sent[:80], *range(20), *sent[80:]])
    offset = MirrorOffset(100, 100).after_loss(0, 80)
    grown = replace(offset, next_offset=90, records=110)
    for low in range(80):
        found = mirrored(records(sent[low:], low), bus, grown, [])
        assert found.holds, (low, found)
