"""The demonstration refuses what it cannot do before it starts anything."""

import pytest

from utilities import demo


@pytest.mark.parametrize("events", ["-5", "0", "many"])
def test_a_wrong_number_of_events_is_refused_before_the_servers_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], events: str
) -> None:
    monkeypatch.setenv("EVENTS", events)
    monkeypatch.setattr(demo, "_run_step", lambda _: pytest.fail("a step was run"))
    assert demo.main([]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("demo: EVENTS: ")
