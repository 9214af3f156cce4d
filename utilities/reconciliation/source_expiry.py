"""What the source had and its retention has removed since: counted on the bus, which keeps the copies.

The oldest record that the source still has is looked for on the bus; what the mirror wrote before it has expired. So a
record lost by the mirror is told from one that expired at the source, as long as one of its successors is there.
"""

from utilities.reconciliation.bus_records import PartitionRecords


def expired_at_source(source: PartitionRecords, kept: int, bus: PartitionRecords, removed: int, mirrored: int) -> int:
    """Mirrored records of one partition that the source no longer has.

    `kept` of the source's records stand below the mirror's offset, `mirrored` is how many it took in all. `removed` of
    them were deleted from the bus before the first of `bus.contents`. Never more than the source's first offset, and 0
    where its oldest record is not on the bus: then nothing tells what has expired, and the counts differ.
    """
    expected = mirrored - kept
    if source.low == 0:
        return 0
    if kept == 0:
        return min(expected, source.low)
    place = expected - removed
    is_found = _same(source, 0, bus, place) or (place < 0 and _same(source, -place, bus, 0))
    if is_found and expected <= source.low:
        return expected
    possible = bus.contents[: max(source.low - removed + 1, 0)]
    copies = [position for position, content in enumerate(possible) if content == source.contents[0]]
    return removed + min(copies, key=lambda position: abs(position - place)) if copies else 0


def _same(source: PartitionRecords, at_source: int, bus: PartitionRecords, on_bus: int) -> bool:
    if not (0 <= at_source < len(source.contents) and 0 <= on_bus < len(bus.contents)):
        return False
    return source.contents[at_source] == bus.contents[on_bus]
