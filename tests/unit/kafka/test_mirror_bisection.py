"""Whatever records are bad, they and no others are set aside, after a bounded number of refused transactions."""

from hypothesis import given
from hypothesis import strategies as st

from kafka.mirror.bisection import Bisection


@given(st.integers(1, 3000), st.sets(st.integers(0, 2999), max_size=6))
def test_exactly_the_bad_records_are_found(records: int, bad: set[int]) -> None:
    bad = {offset for offset in bad if offset < records}
    search, committed, refusals, aside = Bisection(), 0, 0, set()
    while committed < records:
        limit = search.limit(committed)
        end = min(records, limit if limit is not None else records)
        assert end > committed
        dead = set(search.dead) & set(range(committed, end))
        if (bad - dead) & set(range(committed, end)):
            refusals += 1
            assert search.refused(committed, end - 1, "refused")
            continue
        aside |= dead
        committed = end
        search.committed(committed)
    assert aside == bad
    assert refusals <= len(bad) * 2 * records.bit_length() + 1


def test_a_refused_dead_letter_is_no_records_fault() -> None:
    search = Bisection()
    assert search.refused(7, 7, "too large")
    assert not search.refused(7, 7, "too large")
