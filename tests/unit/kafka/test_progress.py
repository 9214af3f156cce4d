"""What a terminal is shown while a command runs, from before the first record to the last."""

import io
import sys

import pytest

from kafka.progress import ProgressReport


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("total", "progress"), [(10, "10/10"), (None, "10/?")])
def test_the_bar_is_drawn_before_the_first_record_and_after_the_last(
    monkeypatch: pytest.MonkeyPatch, total: int | None, progress: str
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    with ProgressReport("landing", total) as report:
        report.update(0, 10)
        report.update(4, 6)
        report.update(10, 0)
    shown = terminal.getvalue()
    assert "0/" in shown
    assert "?/s" in shown
    assert progress in shown
    assert "lag 0" in shown


def test_the_bar_of_a_run_measured_in_offsets_ends_full_though_marks_of_transactions_are_no_records(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    with ProgressReport("landing", None) as report:
        report.expect(12, 0)
        report.update(0, 12)
        report.expect(12, 12)
        report.update(10, 0)
    assert "12/12" in terminal.getvalue()
    assert "10/" not in terminal.getvalue()
