"""What a `time_stamp` of any type and spelling means."""

import math

import pytest
from bson import Int64

from kafka.event_time import event_seconds

SECOND = 1_789_000_481


@pytest.mark.parametrize(
    "sent",
    [
        SECOND,
        Int64(SECOND),
        float(SECOND),
        SECOND + 0.75,
        str(SECOND),
        f"{SECOND}.75",
        f"\t {SECOND} \n",
        f"+{SECOND}",
        "1.789000481E9",
        "1789000481e0",
        f"{SECOND}.",
    ],
)
def test_one_instant_in_any_spelling_of_a_number(sent: object) -> None:
    assert event_seconds(sent) == SECOND


@pytest.mark.parametrize(
    "sent",
    [
        *(None, True, False, [SECOND], {"$numberLong": "1"}),
        *("", " ", "soon", "true", "NaN", "Infinity", "-inf", "0x6AA1", "1_789_000_481", "1,789", "1 7", ".", "e9"),
        *("9" * 40, "1" * 100_000, "1e999999999", "١٧٨٩٠٠٠٤٨١", "1789000481d"),
        *(math.nan, math.inf, -math.inf, 1e300, 2**63, -(2**63) - 1),
    ],
)
def test_what_is_no_number_is_no_time(sent: object) -> None:
    assert event_seconds(sent) is None


@pytest.mark.parametrize(("sent", "seconds"), [("-0.5", 0), (-1.5, -1), ("1e-300", 0), (2**63 - 1, 2**63 - 1)])
def test_a_fraction_is_cut_off(sent: object, seconds: int) -> None:
    assert event_seconds(sent) == seconds
