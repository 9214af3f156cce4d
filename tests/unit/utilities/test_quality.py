"""The quality command's exit status, JSON and page."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from spark.quality import Check, Result, Severity
from utilities.quality.check import as_json, exit_status
from utilities.quality.page import headline, quality_page, verdict


def result(observed: str | None, severity: Severity = "error", name: str = "key_event", detail: str = "") -> Result:
    check = Check(name, "Ids <twice>.", severity, Decimal(5), "rows", True, "SELECT 1")
    return Result(
        check, datetime(2026, 1, 1, tzinfo=UTC), None, None if observed is None else Decimal(observed), detail
    )


GOOD, BAD, WARNED = result("0"), result("6"), result("6", "warning")


@pytest.mark.parametrize(
    ("results", "strict", "status"),
    [
        ([GOOD], True, 0),
        ([GOOD, WARNED], False, 0),
        ([GOOD, WARNED], True, 2),
        ([GOOD, WARNED, BAD], False, 1),
        ([GOOD, WARNED, BAD], True, 1),
        ([], True, 0),
    ],
)
def test_the_exit_status_tells_the_worst_severity(results: list[Result], strict: bool, status: int) -> None:
    assert exit_status(results, strict) == status


def test_a_verdict_is_one_word_for_each_outcome() -> None:
    assert [verdict(each) for each in (GOOD, BAD, WARNED, result(None))] == ["passed", "ERROR", "warning", "no data"]


def test_the_json_holds_each_number() -> None:
    found = as_json([GOOD, BAD, result(None)])
    assert (found["errors"], found["warnings"], found["run"]) == (1, 0, None)
    assert [each["observed"] for each in found["checks"]] == [0, 6, None]
    assert {each["bound"] for each in found["checks"]} == {5}


def test_the_headline_counts_in_words() -> None:
    assert headline([GOOD]) == "every one passed"
    assert headline([BAD, WARNED, WARNED]) == "1 error rule and 2 warnings broken"


def test_the_page_needs_nothing_else_and_shows_markup_as_text() -> None:
    page = quality_page([result("6", detail="<script>alert(1)</script>")], {})
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "Ids &lt;twice&gt;." in page
    assert "http" not in page.replace("<!doctype html>", "")
    assert "$" not in page


def test_the_page_begins_with_what_is_broken() -> None:
    page = quality_page([result("0", name="key_event"), result("6", name="volume_weekday")], {})
    assert page.index("volume_weekday") < page.index("key_event")


def test_the_page_shows_earlier_verdicts() -> None:
    page = quality_page([GOOD], {"key_event": [True, False, True]})
    assert '<i></i><i class="broken"></i><i></i>' in page
