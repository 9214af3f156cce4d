"""Nothing is answered as accepted that is not on the bus, and nothing invalid gets onto it."""

import time
from typing import Any

import pytest
from confluent_kafka import KafkaError, Message

from kafka.dead_letters.letter import DeadLetter, letter_of
from kafka.feeds.declaration import load_feeds
from kafka.feeds.feed import MAIN
from kafka.posted import is_posted
from kafka.topics import TopicIdentity
from serving.api_key import Kind
from serving.ingest import BEACON_BYTES, BYTES_A_TOKEN
from tests.unit.serving.parts import DEAD, TOPIC, Api, FakeBus, made_key, make_api

READING = {"device_id": "s-1", "temperature": 20.5, "humidity": 40, "timestamp": "2026-01-03T10:15:00Z"}


def letters(bus: FakeBus) -> list[DeadLetter]:
    records = [record for record in bus.written if record["topic"] == DEAD]
    messages = (Message(DEAD, 0, 0, key=r["key"], value=r["value"], headers=r["headers"]) for r in records)
    return [letter_of(message) for message in messages]


def test_an_accepted_event_is_on_the_bus_as_sent_and_the_answer_tells_where(api: Api) -> None:
    body = b' {"device_id": "s-1","temperature":2e1, "humidity":40, "timestamp":"2026-01-03T10:15:00Z", "more":[1]}\n'
    answer = api.post(body)
    assert answer.status_code == 202
    event = answer.json()["events"][0]
    assert event == {
        "index": 0,
        "status": 202,
        "id": api.ingest.feeds["sensor-readings"].id_of(READING),
        "topic": TOPIC,
        "partition": 1,
        "offset": event["offset"],
    }
    (record,) = api.bus.written
    assert (record["topic"], record["key"], record["value"]) == (TOPIC, b"s-1", body)
    message = Message(TOPIC, 1, 0, headers=record["headers"])
    assert is_posted(message, TopicIdentity("c", TOPIC, "topic-id"))
    assert not is_posted(message, TopicIdentity("c", TOPIC, "another topic's"))


def test_it_is_acknowledged_by_all_in_sync_replicas_and_written_once(api: Api) -> None:
    api.post(READING)
    assert api.bus.config["acks"] == "all" and api.bus.config["enable.idempotence"] is True


def test_of_a_list_valid_events_are_on_the_bus_and_the_others_are_kept_as_sent_with_the_reason(api: Api) -> None:
    valid = b'{"device_id":"s-1","temperature":1,"humidity":2,"timestamp":"2026-01-03T10:15:00Z"}'
    answer = api.post(b"[" + valid + b', {"humidity": 1e3 },[ 1, {"a":"],"}], 7]')
    assert answer.status_code == 207
    told = answer.json()
    assert (told["accepted"], told["refused"]) == (1, 3)
    assert [event["status"] for event in told["events"]] == [202, 422, 422, 422]
    assert [event.get("kept") for event in told["events"]] == [None, True, True, True]
    too_much = {"field": "humidity", "code": "maximum", "detail": "is to be at most 100, and is 1000"}
    assert too_much in told["events"][1]["errors"]
    assert api.bus.values(TOPIC) == [valid]
    kept = letters(api.bus)
    assert [(letter.value, letter.reason) for letter in kept] == [
        (b'{"humidity": 1e3 }', "against_declaration"),
        (b'[ 1, {"a":"],"}]', "not_an_object"),
        (b"7", "not_an_object"),
    ]
    assert all((each.stage, each.status, each.position.topic) == ("api", "pending", TOPIC) for each in kept)
    assert len({each.record_key for each in kept}) == 3


def test_a_list_without_a_valid_event_is_refused_as_a_problem_that_names_event_and_field(api: Api) -> None:
    answer = api.post([{**READING, "humidity": 101}, {**READING, "device_id": None}])
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    told = answer.json()
    assert (told["code"], told["status"], told["type"]) == ("invalid_event", 422, "/problems#invalid_event")
    assert [(each["index"], each["field"], each["code"]) for each in told["errors"]] == [
        (0, "humidity", "maximum"),
        (1, "device_id", "required"),
    ]
    assert api.bus.values(TOPIC) == [] and len(letters(api.bus)) == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"{", "not_json"), (b"", "empty_value"), (b'{"a":"\xff"}', "invalid_utf8"), (b'{"a":NaN}', "nan_or_infinity")],
)
def test_a_body_that_is_not_json_is_kept_whole(api: Api, body: bytes, reason: str) -> None:
    answer = api.post(body)
    assert (answer.status_code, answer.json()["code"]) == (400, "not_json")
    assert answer.json()["errors"][0]["code"] == reason
    assert [(letter.value, letter.reason) for letter in letters(api.bus)] == [(body, reason)]


@pytest.mark.parametrize("body", [b"[]", b"7", b"null", b'"text"'])
def test_a_body_without_events_is_refused(api: Api, body: bytes) -> None:
    answer = api.post(body)
    assert (answer.status_code, answer.json()["code"]) == (400, "no_events")
    assert api.bus.written == []


def test_what_could_not_be_landed_is_not_accepted(api: Api) -> None:
    begun = b'{"device_id":"s","temperature":1,"humidity":1,"timestamp":"2026-01-03T10:15:00Z",'
    deep = begun + b'"deep":' + b"[" * 150 + b"]" * 150 + b"}"
    beyond = begun + b'"n":123456789012345678901}'
    bottomless = b"[" * 10_000
    assert [api.post(body).status_code for body in (deep, beyond, bottomless)] == [422, 422, 400]
    assert [each.reason for each in letters(api.bus)] == ["too_deep", "integer_out_of_range", "too_deep"]
    answer = api.post(b"[" + beyond + b"," + deep + b"]")
    assert answer.status_code == 422 and api.bus.values(TOPIC) == []
    assert [each.value for each in letters(api.bus)[3:]] == [beyond, deep]


def test_a_list_has_a_thousand_events_at_most(api: Api) -> None:
    assert api.post([READING] * 1000).json()["accepted"] == 1000
    answer = api.post([READING] * 1001)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_events")


def test_a_key_is_asked_for_before_anything_else(api: Api) -> None:
    for headers in ({"X-API-Key": None}, {"X-API-Key": "mrs_x"}, {"X-API-Key": api.key[:-1] + "~"}):
        answer = api.post(b"x", "/api/events/none", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "key_unknown")
        assert "WWW-Authenticate" in answer.headers
    other = made_key(Kind.SECRET)[0]
    forged = f"{api.key[:16]}_{other[17:]}"
    assert api.post(READING, headers={"X-API-Key": forged}).status_code == 401
    assert api.bus.written == []


def test_a_key_is_for_its_feeds_and_its_door(api: Api) -> None:
    assert api.post(READING, "/api/events/other").json()["code"] == "forbidden"
    assert api.post(READING, headers={"X-API-Key": api.publishable}).status_code == 403
    text = {"Content-Type": "text/plain"}
    secret = api.post(READING, f"/api/beacon/sensor-readings?key={api.key}", headers=text)
    assert (secret.status_code, "revoke" in secret.json()["detail"]) == (403, True)
    text_key, key = made_key(Kind.SECRET, feeds=frozenset({"*"}))
    api.keys[text_key] = key
    api.ingest.keys.refresh()
    assert api.post(READING, "/api/events/other", headers={"X-API-Key": text_key}).status_code == 404


def test_a_revoked_key_is_refused_after_the_next_reading_of_the_keys(api: Api) -> None:
    assert api.post(READING).status_code == 202
    del api.keys[api.key]
    api.ingest.keys.refresh()
    assert api.post(READING).status_code == 401


def test_a_beacon_is_a_text_from_a_page_of_the_keys_origin(api: Api) -> None:
    path = f"/api/beacon/sensor-readings?key={api.publishable}"
    text = {"X-API-Key": None, "Content-Type": "text/plain;charset=UTF-8", "Origin": "https://shop.example"}
    assert api.post(READING, path, headers=text).status_code == 202
    assert api.post(READING, path, headers={**text, "Origin": "https://evil.example"}).status_code == 403
    assert api.post(READING, path, headers={**text, "Content-Type": "application/json"}).status_code == 415


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": None},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Encoding": "gzip"},
    ],
)
def test_other_media_types_are_refused(api: Api, headers: dict[str, Any]) -> None:
    assert api.post(b"{}", headers=headers).status_code == 415


def test_a_reading_without_a_time_gets_one_and_two_at_once_get_two(api: Api) -> None:
    api.ingest.clock._now_us = lambda: 1_700_000_000_000_000
    plain = b'{"device_id": "s-1", "temperature": 20.50, "humidity": 40}'
    first, second = api.post(plain, "/api/data"), api.post(plain, "/api/data")
    assert (first.status_code, second.status_code) == (202, 202)
    assert api.bus.values(TOPIC) == [b'{"timestamp":"2023-11-14T22:13:20.00000%dZ",' % n + plain[1:] for n in (0, 1)]
    assert api.post(READING, "/api/data").json()["events"][0]["id"] == api.ingest.feeds["sensor-readings"].id_of(
        READING
    )
    assert api.post([READING], "/api/data").status_code == 400
    assert api.post(b"{}", "/api/data").status_code == 422
    assert letters(api.bus)[-1].value == b'{"timestamp":"2023-11-14T22:13:20.000002Z"}'


def test_what_the_bus_does_not_confirm_is_answered_503_and_sent_again(api: Api) -> None:
    api.bus.error, api.bus.only_topic = KafkaError.NOT_ENOUGH_REPLICAS, TOPIC
    answer = api.post([READING, {"humidity": 1}])
    assert (answer.status_code, answer.json()["code"]) == (503, "bus_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert [event["status"] for event in answer.json()["events"]] == [503, 422]
    api.bus.only_topic = DEAD
    # A letter that was not kept is no answer of 422.
    answer = api.post([READING, {"humidity": 1}])
    assert answer.status_code == 503
    assert [(event["status"], event.get("kept")) for event in answer.json()["events"]] == [(202, None), (422, None)]
    api.bus.error = None
    assert api.post(READING).status_code == 202


def test_what_its_topic_never_takes_is_told_so_and_not_sent_again(api: Api) -> None:
    broken = {**READING, "humidity": 130}
    api.bus.error, api.bus.most_bytes = KafkaError.MSG_SIZE_TOO_LARGE, 1000
    large = {**READING, "raw": "x" * 1000}
    answer = api.post([READING, large, broken])
    assert (answer.status_code, answer.json()["accepted"], answer.json()["refused"]) == (207, 1, 2)
    assert [(event["status"], event.get("kept")) for event in answer.json()["events"]] == [
        (202, None),
        (413, None),
        (422, True),
    ]
    for body in (large, [large, broken], {**large, "humidity": 130}):
        answer = api.post(body)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert (answer.json()["events"][0]["status"], "Retry-After" in answer.headers) == (413, False)
    assert 'outcome="too_large"} 4.0' in api.client.get("/metrics").text
    # Where others are unconfirmed, these come again; and a letter that comes again is the same one.
    assert len(letters(api.bus)) == 2
    assert len({letter.record_key for letter in letters(api.bus)}) == 1


def test_letters_of_other_bytes_keys_and_days_are_others(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    text, key = made_key(Kind.SECRET)
    api.keys[text] = key
    api.ingest.keys.refresh()
    for headers in ({}, {}, {"X-API-Key": text}):
        api.post(b"x", headers=headers)
    api.post(b"y")
    assert len({letter.record_key for letter in letters(api.bus)}) == 3
    tomorrow = time.time_ns() + 86_400 * 10**9
    monkeypatch.setattr("serving.failed_events.time.time_ns", lambda: tomorrow)
    api.post(b"y")
    assert len({letter.record_key for letter in letters(api.bus)}) == 4


def test_only_of_the_feed_with_facts_it_is_said_that_what_is_sent_again_counts_once(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.bus.error = KafkaError.NOT_ENOUGH_REPLICAS
    told = [api.post(READING).json()["detail"]]
    monkeypatch.setattr("serving.ingest.judge", lambda *_: 1 / 0)
    told += [api.post(READING).json()["detail"]]
    told += [field.description for feed in load_feeds().values() if feed.name != MAIN for field in feed.fields]
    assert not [text for text in told if "once" in text]
    assert "`product_views`" in api.client.get("/openapi.json").json()["info"]["description"]


def test_a_producer_past_use_is_made_anew(api: Api) -> None:
    api.bus.error = KafkaError._FATAL
    assert api.post(READING).status_code == 503
    api.bus.error = None
    assert api.post(READING).status_code == 202
    assert (api.bus.made, api.bus.purged) == (2, 1)


def test_a_topic_that_is_not_there_is_told_before_anything_is_taken(api: Api) -> None:
    api.ingest.bus._topics = {}
    answer = api.post(READING)
    assert (answer.status_code, "no such topic" in answer.json()["detail"]) == (503, True)
    assert api.client.get("/ready").status_code == 503


def test_a_key_beyond_its_rate_is_told_when_to_come_again(api: Api) -> None:
    text, key = made_key(Kind.SECRET, events_per_second=0.1, burst=3)
    api.keys[text] = key
    api.ingest.keys.refresh()
    answers = [api.post([READING] * count, headers={"X-API-Key": text}) for count in (2, 2, 1)]
    assert [answer.status_code for answer in answers] == [202, 429, 202]
    assert 1 <= int(answers[1].headers["Retry-After"]) <= 10
    assert api.post(READING).status_code == 202


def test_bytes_count_against_the_rate_as_events_do_and_before_they_are_read(api: Api) -> None:
    text, key = made_key(Kind.SECRET, events_per_second=0.001, burst=10)
    api.keys[text] = key
    api.ingest.keys.refresh()

    def status(body: Any) -> int:
        return int(api.post(body, headers={"X-API-Key": text}).status_code)

    assert status(b"x" * (5 * BYTES_A_TOKEN)) == 400
    assert status(b"x" * (6 * BYTES_A_TOKEN)) == 429
    assert len(letters(api.bus)) == 1
    assert status([READING] * 5) == 202
    assert status(READING) == 429


def test_a_beacon_has_64_kib_and_leaves_room_for_others(api: Api) -> None:
    text = {"X-API-Key": None, "Content-Type": "text/plain", "Origin": "https://shop.example"}
    path = f"/api/beacon/sensor-readings?key={api.publishable}"
    answer = api.post(b"x" * (BEACON_BYTES + 1), path, headers=text)
    assert (answer.status_code, "65,536" in answer.json()["detail"], letters(api.bus)) == (413, True, [])
    unannounced = {name: value for name, value in text.items() if value}
    assert api.client.post(path, content=iter([b"x" * BEACON_BYTES, b"x"]), headers=unannounced).status_code == 413
    assert api.post(b"x" * BEACON_BYTES, path, headers=text).status_code == 400


def test_large_bodies_are_refused_before_they_are_read() -> None:
    api = make_api(FakeBus(), api_max_body_bytes=2000)
    with api.client:
        announced = api.post(b"[", headers={"Content-Length": "10000000000"})
        assert (announced.status_code, announced.headers["Connection"]) == (413, "close")
        unannounced = api.client.post(
            "/api/events/sensor-readings",
            content=iter([b"[" * 1500, b"[" * 1500]),
            headers={"X-API-Key": api.key, "Content-Type": "application/json"},
        )
        assert unannounced.status_code == 413
        assert api.ingest.flight.bytes == 0


def test_what_does_not_fit_is_refused_and_room_comes_back(api: Api) -> None:
    with api.ingest.flight.carrying_bytes(api.ingest.settings.api_max_bytes_in_flight):
        answer = api.post(READING)
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    with api.ingest.flight.carrying_events(api.ingest.settings.api_max_events_in_flight - 1):
        assert api.post([READING, READING]).status_code == 503
        assert api.post(READING).status_code == 202
    assert (api.ingest.flight.events, api.ingest.flight.bytes) == (0, 0)
    assert 'millrace_api_requests_total{door="events",status="503"} 2.0' in api.client.get("/metrics").text


def test_keys_that_were_not_read_of_late_let_nobody_in(api: Api) -> None:
    api.ingest.keys._read_at = -1e9
    answer = api.post(READING)
    assert (answer.status_code, answer.json()["code"]) == (503, "keys_unavailable")
    assert api.client.get("/ready").json()["detail"] == "missing: keys"


def test_addresses_and_methods_that_are_not_there_are_problems(api: Api) -> None:
    nowhere, method = api.client.get("/nowhere"), api.client.get("/api/data")
    assert [(each.status_code, each.json()["code"]) for each in (nowhere, method)] == [
        (404, "not_found"),
        (405, "method_not_allowed"),
    ]
    assert method.headers["Allow"] == "POST"


def test_a_fault_of_ours_is_a_problem_that_tells_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.ingest.judge", lambda *_: 1 / 0)
    answer = api.post(READING)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "division" not in answer.text


def test_pages_of_other_origins_are_let_in_by_setting() -> None:
    preflight = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    asked = {**preflight, "Access-Control-Request-Headers": "x-api-key,content-type"}
    for origins, status in (("", 405), ("https://shop.example, https://other.example", 200)):
        api = make_api(FakeBus(), api_cors_origins=origins)
        with api.client:
            answer = api.client.options("/api/data", headers=asked)
            assert answer.status_code == status
            allowed = api.post(READING, headers={"Origin": "https://shop.example"}).headers
            assert allowed.get("access-control-allow-origin") == ("https://shop.example" if origins else None)


def test_what_operators_and_developers_ask_is_answered(api: Api) -> None:
    assert api.client.get("/health").json() == {"status": "alive"}
    assert api.client.get("/ready").json() == {"status": "ready", "feeds": {"sensor-readings": "ready"}}
    described = api.client.get("/openapi.json").json()
    assert set(described["paths"]) >= {"/api/data", "/api/events/{feed}", "/api/beacon/{feed}"}
    post = described["paths"]["/api/events/{feed}"]["post"]
    assert set(post["responses"]) >= {"202", "207", "400", "401", "403", "413", "415", "422", "429", "503"}
    assert post["requestBody"]["content"]["application/json"]["examples"]["list"]
    assert 'id="rate_limited"' in api.client.get("/problems").text
