"""A failed run tells people once, and a webhook that is away changes nothing about how the run ends."""

import logging
import socket

import pytest

from config.errors import ConfigurationError, TerminalError, UnavailableError
from spark import alert
from spark.alert import AlertSettings, FailureAlert, Posted, alert_failure, document, offer
from tests.webhook import webhook


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert, "FIRST_WAIT_SECONDS", 0)


def settings(url: str) -> AlertSettings:
    return AlertSettings.load(alert_webhook_url=url)


def test_an_alert_names_run_status_and_reason_for_people_and_programs() -> None:
    with webhook() as received:
        assert alert_failure(settings(received.url), 12, "reading MongoDB failed:\n no answer")
    assert received.requests == ["POST application/json"]
    assert received.documents == [
        {
            "text": "Millrace: run 12 of the ETL failed: reading MongoDB failed: no answer",
            "run": 12,
            "status": "failed",
            "reason": "reading MongoDB failed: no answer",
        }
    ]


def test_a_reason_is_no_markup_and_of_bounded_length() -> None:
    assert document(None, "<!channel> & more")["text"] == (
        "Millrace: the ETL failed before a run began: &lt;!channel&gt; &amp; more"
    )
    assert document(None, "<!channel>")["reason"] == "<!channel>"
    assert len(str(document(1, "x" * 5_000)["reason"])) == alert.LONGEST_REASON


@pytest.mark.parametrize("statuses", [[503], [429, 500]])
def test_a_webhook_that_is_busy_is_asked_again(statuses: list[int]) -> None:
    with webhook(statuses) as received:
        assert alert_failure(settings(received.url), 1, "reason")
    assert len(received.documents) == len(statuses) + 1


@pytest.mark.parametrize(
    ("status", "posted"), [(200, Posted.TAKEN), (400, Posted.REFUSED), (413, Posted.REFUSED), (404, Posted.NOT_YET)]
)
def test_what_is_refused_is_told_apart_from_an_address_that_is_wrong(status: int, posted: Posted) -> None:
    with webhook([status] if status != 200 else []) as received:
        assert offer(settings(received.url), {"text": "x"}) is posted


@pytest.mark.parametrize(
    ("statuses", "posted"), [([503, 503, 503, 503], alert.ATTEMPTS), ([404], 1), ([302], 1)], ids=str
)
def test_an_alert_that_cannot_be_posted_is_one_line_without_the_secret_path(
    statuses: list[int], posted: int, caplog: pytest.LogCaptureFixture
) -> None:
    with webhook(statuses) as received, caplog.at_level(logging.INFO):
        assert not alert_failure(settings(received.url), 1, "reason")
    assert received.requests == ["POST application/json"] * posted
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("the alert could not be posted host=127.0.0.1 error=HTTPError")
    assert "hidden-path" not in line


def test_a_webhook_that_is_not_there_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert not alert_failure(settings(f"http://127.0.0.1:{unused.getsockname()[1]}/"), 1, "reason")
    assert len(caplog.records) == 1


def test_without_an_address_nothing_is_posted_and_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert not alert_failure(settings(""), 1, "reason")
    assert not caplog.records


def test_an_error_alerts_once_with_the_run_it_ended_and_goes_on() -> None:
    with webhook() as received:
        with pytest.raises(UnavailableError), FailureAlert(settings(received.url)) as failure:
            failure.run_id = 7
            raise UnavailableError("no answer")
        with pytest.raises(ZeroDivisionError), FailureAlert(settings(received.url)):
            raise ZeroDivisionError
    assert [(each["run"], each["reason"]) for each in received.documents] == [
        (7, "no answer"),
        (None, "ZeroDivisionError"),
    ]


def test_success_an_interruption_and_a_silent_error_alert_nobody() -> None:
    with webhook() as received:
        with FailureAlert(settings(received.url)):
            pass
        for error, silent in ((KeyboardInterrupt(), ()), (TerminalError("another run"), (TerminalError,))):
            with pytest.raises(type(error)), FailureAlert(settings(received.url), silent):
                raise error
    assert not received.requests


@pytest.mark.parametrize("url", ["ftp://h/hidden", "http:///hidden", "http://h:port/hidden", "https://h/hidden\x7f"])
def test_a_wrong_address_is_named_by_its_variable_and_never_shown(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(url)
    assert caught.value.variable == "ALERT_WEBHOOK_URL"
    assert "hidden" not in str(caught.value)
