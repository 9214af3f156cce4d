"""MAX_MESSAGES over several workers."""

from kafka.mirror.allowance import Allowance


def test_grants_never_exceed_the_limit() -> None:
    allowance = Allowance(10)
    assert [allowance.take(4), allowance.take(4), allowance.take(4), allowance.take(4)] == [4, 4, 2, 0]


def test_what_a_short_read_leaves_goes_to_the_others() -> None:
    allowance = Allowance(10)
    granted = allowance.take(10)
    assert allowance.take(1) == 0
    assert not allowance.exhausted
    allowance.settle(granted, 3)
    assert allowance.take(10) == 7


def test_the_run_ends_when_everything_granted_was_read() -> None:
    allowance = Allowance(5)
    allowance.settle(allowance.take(5), 5)
    assert allowance.exhausted


def test_a_transaction_rolled_back_gives_its_records_back() -> None:
    allowance = Allowance(5)
    allowance.settle(allowance.take(5), 5)
    allowance.give_back(2)
    assert allowance.take(5) == 2


def test_without_a_limit_there_is_always_more() -> None:
    allowance = Allowance(None)
    allowance.settle(allowance.take(100), 100)
    assert allowance.take(100) == 100
    assert not allowance.exhausted
