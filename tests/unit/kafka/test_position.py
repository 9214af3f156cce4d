"""The bus position as text."""

import pytest

from kafka.position import BusPosition, bus_position, parse_position, partition_key


def test_a_position_survives_the_way_to_text_and_back() -> None:
    assert parse_position(bus_position("a:b.c-d", 7, 2**63 - 1)) == BusPosition("a:b.c-d", 7, 2**63 - 1)


def test_texts_sort_as_positions_do() -> None:
    places = [(0, 9), (0, 10), (0, 10**12), (1, 0), (2, 5), (10, 1)]
    texts = [bus_position("t", *place) for place in places]
    assert sorted(texts) == texts


def test_a_range_of_offsets_is_a_range_of_keys_of_one_partition() -> None:
    assert bus_position("t", 3, 41) == f"{partition_key('t', 3)}:{41:019d}"


@pytest.mark.parametrize("text", ["", "t", "t:1:2", "t:00001:41", ":00001:0000000000000000041", "t:0000x:" + "0" * 19])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a bus position"):
        parse_position(text)
