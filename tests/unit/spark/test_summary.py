"""What a run prints at its end."""

import pytest

from spark.broken_rules import BrokenRule
from spark.summary import print_summary

COUNTS = {"landed": 7, "loaded": 2, "rejected": 5}


def test_a_run_that_rejected_events_names_rule_field_and_count(capsys: pytest.CaptureFixture[str]) -> None:
    rejected = [BrokenRule("no_product", "product_id", 1_004), BrokenRule("no_usable_time", "time_stamp", 1)]
    print_summary(7, COUNTS, rejected, {"load": 1.25})
    printed = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in printed.splitlines() if "│" in line]
    assert ["no_product", "product_id", "1,004"] in rows
    assert ["no_usable_time", "time_stamp", "1"] in rows
    assert "./millrace rejected --run 7 shows examples" in printed


def test_a_run_that_rejected_nothing_says_nothing_of_rules(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(7, COUNTS, [], {"load": 1.25})
    printed = capsys.readouterr().out
    assert "landed" in printed
    assert "rule" not in printed and "./millrace" not in printed
