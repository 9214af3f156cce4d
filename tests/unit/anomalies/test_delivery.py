"""What people and Elasticsearch are told of an incident."""

from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from anomalies import delivery
from anomalies.calendar import Calendar
from anomalies.delivery import Delivery, action, document, failures, unposted
from anomalies.explanation import explanation
from anomalies.incident import Finding, Incident, Kind
from anomalies.settings import AnomalySettings
from anomalies.watched import Series
from spark.alert import Posted

CLICKS = Series("click-events", "clicks", "device type", "mobile")
NOON = 1_767_614_400 // 60


def incident(kind: Kind, goes_on: bool = False) -> Incident:
    return Incident(kind, NOON, NOON + 29, Finding(NOON + 2, 31.3, 362.0, 309.0, 419.0, -33.0, 3), goes_on)


def test_a_sentence_says_what_was_seen_when_and_what_is_usual() -> None:
    assert explanation(CLICKS, incident(Kind.DROP), Calendar(60)) == (
        "clicks of click-events (device type mobile) was 31.3 on average of the 3 minutes to 2026-01-05 12:02 UTC (91%"
        " less than expected); usual is 362, between 309 and 419; unusual for 30 minutes since 2026-01-05 12:00 UTC."
    )


@pytest.mark.parametrize(("goes_on", "why"), [(True, "the feed is silent"), (False, "the feed was silent")])
def test_a_silence_says_whether_it_is_over(goes_on: bool, why: str) -> None:
    told = explanation(Series("click-events", "clicks"), incident(Kind.SILENCE, goes_on), Calendar(3600))
    assert told.startswith("nothing came of clicks of click-events from") and "for 30 hours" in told and why in told


def test_the_webhooks_text_is_no_markup_and_the_fields_are_as_they_are() -> None:
    told = document([(7, "click-events", "clicks", "device type", "<b>", "drop", "of <b> & c", -33.0)])
    assert told["text"] == "Millrace: unusual windows\ndrop: of &lt;b&gt; &amp; c"
    assert told["anomalies"][0]["member"] == "<b>" and told["anomalies"][0]["anomaly_id"] == 7


def test_an_incident_is_indexed_under_its_number_without_what_is_not_known() -> None:
    row = {"md5": "x", "@timestamp": datetime(2026, 1, 5, tzinfo=UTC), "anomaly_id": 7, "ended_at": None, "value": 3.0}
    assert action(row) == {
        "_index": "anomalies",
        "_id": 7,
        "_source": {"@timestamp": datetime(2026, 1, 5, tzinfo=UTC), "anomaly_id": 7, "value": 3.0},
    }


def test_what_elasticsearch_refuses_for_good_is_told_apart_from_what_it_takes_later() -> None:
    answers = {7: 400, 8: 429, 9: 503, 10: 403}
    errors = [{"index": {"_id": str(number), "status": status, "error": "why"}} for number, status in answers.items()]
    assert failures(errors) == ({8: "why", 9: "why"}, {7: "why", 10: "why"})


def test_series_with_thousands_of_members_are_not_judged() -> None:
    assert CLICKS.is_judged and not Series("product_views", "views", "product", "7").is_judged
    assert not Series("product_views", "no_such_metric").is_judged
    assert ZoneInfo("UTC") == Calendar(60).zone


def test_what_comes_after_a_window_was_judged_is_not_judged() -> None:
    assert not Series("product_views", "late_events").is_judged


def test_what_the_webhook_refuses_for_good_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = [(number, "click-events", "clicks", "", "", "spike", f"of {number}", 9.0) for number in (7, 8, 9)]
    taken: list[int] = []

    class Store:
        def transaction(self, work: Any) -> Any:
            if work is unposted:
                return list(waiting)
            ((numbers,),) = work.args[1:]
            waiting[:] = [row for row in waiting if row[0] not in numbers]
            return None

    def answer(_: object, told: dict[str, Any]) -> Posted:
        numbers = [each["anomaly_id"] for each in told["anomalies"]]
        if 7 in numbers:
            return Posted.REFUSED
        taken.extend(numbers)
        return Posted.TAKEN

    monkeypatch.setattr(delivery, "offer", answer)
    settings = AnomalySettings.load(
        alert_webhook_url="http://127.0.0.1:1/", elasticsearch_indexer_password="x", postgres_stream_password="x"
    )
    assert Delivery(settings, cast(Any, Store()))._post()
    assert (taken, waiting) == ([8, 9], [])
