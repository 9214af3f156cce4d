"""How far event time has come: what closes windows, and what must not."""

from spark.live.watermark import Clock, Clocks, vouched, window_start

IDLE = 60.0


def clocks(watermark: int | None = None, **reached: int | None) -> Clocks:
    """Partitions p0, p1, ... which were heard at moment 0."""
    return Clocks({int(name[1:]): Clock(seconds, 0.0) for name, seconds in reached.items()}, watermark)


def test_an_event_moves_its_partition_to_its_own_time() -> None:
    assert vouched(1_000, 1_005, 9_000, 60) == 1_000


def test_an_event_from_the_future_moves_its_partition_no_further_than_the_bus_vouches_for() -> None:
    assert vouched(5_000, 1_005, 9_000, 60) == 1_065


def test_an_event_and_a_record_of_one_wrong_clock_move_their_partition_no_further_than_ours() -> None:
    assert vouched(50_000, 50_000, 9_000, 60) == 9_060
    assert vouched(1_000, 50_000, 9_000, 60) == 1_000


def test_an_event_that_the_bus_has_no_time_for_moves_nothing() -> None:
    assert vouched(1_000, None, 9_000, 60) is None


def test_the_watermark_is_the_least_of_the_partitions() -> None:
    found = clocks(p0=None, p1=None).heard({0: 500, 1: 300}, 1.0, IDLE)
    assert found.watermark == 300


def test_a_partition_that_has_told_nothing_yet_holds_the_watermark_until_it_is_idle() -> None:
    heard = clocks(p0=None, p1=None).heard({0: 500}, 1.0, IDLE)
    assert heard.watermark is None
    assert heard.heard({0: 560}, IDLE + 1, IDLE).watermark == 560


def test_a_partition_that_lags_keeps_windows_open_and_an_idle_one_holds_up_none() -> None:
    first = clocks(p0=100, p1=100).heard({0: 900, 1: 200}, 1.0, IDLE)
    assert first.watermark == 200
    lagging = first.heard({0: 950}, 30.0, IDLE)
    assert lagging.watermark == 200
    assert lagging.heard({0: 960}, 62.0, IDLE).watermark == 960


def test_a_partition_that_was_silent_before_the_stream_began_holds_up_no_window() -> None:
    begun = Clocks({0: Clock(0, 1_000.0), 1: Clock(-86_400, 1_000.0 - 300)}, None)
    assert begun.heard({0: 500}, 1_001.0, IDLE).watermark == 500


def test_a_silent_partition_of_which_the_bus_may_have_more_keeps_windows_open() -> None:
    lagging = clocks(p0=1_200, p1=0).heard({0: 1_201}, 91.0, IDLE, unread={0, 1})
    assert lagging.watermark == 0
    assert lagging.heard({0: 1_300}, 92.0, IDLE).watermark == 1_300


def test_the_watermark_never_goes_back() -> None:
    idle = clocks(watermark=960, p0=960, p1=200)
    assert idle.heard({1: 250}, 1.0, IDLE).watermark == 960


def test_where_all_partitions_are_idle_the_watermark_stays() -> None:
    assert clocks(watermark=100, p0=900, p1=800).heard({}, IDLE + 1, IDLE).watermark == 100


def test_an_older_event_does_not_set_its_partition_back() -> None:
    assert clocks(p0=900).heard({0: 100}, 1.0, IDLE).watermark == 900


def test_a_partition_that_was_added_counts_from_its_first_event_on() -> None:
    assert clocks(p0=900).heard({1: 400}, 1.0, IDLE).watermark == 400


def test_windows_begin_at_multiples_of_their_length() -> None:
    assert window_start(1_767_225_661, 60) == 1_767_225_660
    assert window_start(1_767_225_660, 60) == 1_767_225_660
