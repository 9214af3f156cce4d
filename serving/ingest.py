"""Events that are posted: who may, what is valid, and the answer once the bus has it.

The order is that of an answer that can be trusted: the key, room for the body, the body, the rate, the verdicts, room
for the events, then the bus. Valid events and the letters of invalid ones are written together, and nothing is
answered before all in-sync replicas have them.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import orjson
from confluent_kafka import KafkaError
from starlette.requests import Request
from starlette.responses import Response

from kafka.dead_letter_reasons import EventError
from kafka.feeds.feed import Feed
from kafka.posted import posted_headers
from kafka.waiting import Waiting
from serving.api_key import ApiKey, Kind
from serving.body import announced_size, check_type, read_body
from serving.bus_watch import BusWatch, KnownTopic
from serving.events import SentEvent, Verdict, judge, read_events, unreadable
from serving.failed_events import failed_event, outgoing
from serving.flight import Flight
from serving.key_store import KeyStore
from serving.metrics import Metrics
from serving.problem import Code, FieldError, Problem
from serving.publisher import Outcome, Outgoing, Publisher, is_too_large
from serving.rate_limit import RateLimits
from serving.readings import ReadingClock
from serving.settings import ServingSettings

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
SEND_AGAIN = "send the request again as it is, but for events of status 413: ids tell what is the same"
TOO_LARGE_FOR_ITS_TOPIC = {"field": "", "code": "too_large", "detail": "larger than its topic takes"}
EVENTS_AT_A_TIME = 100
"""Verdicts take 20 to 60 us each: after so many, others get their turn."""
BYTES_A_TOKEN = 4096
"""What reading and judging a body costs goes by its bytes, whatever they are: so many count as an event."""
BEACON_BYTES = 64 * 1024
"""No browser's sendBeacon sends more, and a key that everybody reads takes no room from others."""
MULTI_STATUS = 207
JSON, TEXT = "application/json", "text/plain"


class Door(Enum):
    """Where events come in: what a body's type has to be, and which kind of key opens it."""

    EVENTS = "events", JSON, Kind.SECRET
    DATA = "data", JSON, Kind.SECRET
    BEACON = "beacon", TEXT, Kind.PUBLISHABLE

    @property
    def label(self) -> str:
        """Its name in addresses and metrics."""
        return str(self.value[0])

    @property
    def body_type(self) -> str:
        """The type of the bodies that it takes."""
        return str(self.value[1])

    @property
    def kind(self) -> Kind:
        """The kind of key that opens it."""
        return Kind(self.value[2])


@dataclass(frozen=True)
class Ingest:
    """All that a request needs; one for the process."""

    settings: ServingSettings
    feeds: Mapping[str, Feed]
    keys: KeyStore
    limits: RateLimits
    flight: Flight
    bus: BusWatch
    publisher: Publisher
    metrics: Metrics
    clock: ReadingClock
    unconfirmed: Waiting = field(default_factory=lambda: Waiting(logger, "the bus does not confirm what is posted"))

    async def answer(self, request: Request, door: Door, feed_name: str) -> Response:
        """The answer to one request, a refusal too."""
        begun = time.perf_counter()
        try:
            response = await self._take(request, door, feed_name)
        except Problem as problem:
            response = problem.response()
        self.metrics.requests.labels(door.label, str(response.status_code)).inc()
        self.metrics.seconds.labels(door.label).observe(time.perf_counter() - begun)
        return response

    async def _take(self, request: Request, door: Door, feed_name: str) -> Response:
        key = self._key(request, door)
        feed = self._feed(key, feed_name)
        check_type(request, door.body_type)
        limit = self.settings.api_max_body_bytes
        if door is Door.BEACON:
            limit = min(limit, BEACON_BYTES)
        with self.flight.carrying_bytes(announced_size(request, limit)) as hold:
            body = await read_body(request, limit, self.settings.api_body_seconds)
            hold(len(body))
            verdicts = await self._verdicts(key, feed, door, body)
            with self.flight.carrying_events(len(verdicts)):
                return await self._write(key, feed, verdicts)

    def _key(self, request: Request, door: Door) -> ApiKey:
        in_address = door is Door.BEACON
        shown = request.query_params.get("key", "") if in_address else request.headers.get("x-api-key", "")
        key = self.keys.ring().find(shown)
        if key is None:
            place = "the parameter `key`" if in_address else "the header X-API-Key"
            raise Problem(Code.KEY_UNKNOWN, f"{place} holds no key that is good", close=True)
        if key.kind is not door.kind:
            advice = (
                "a secret key must not stand in an address: revoke it, others may have read it"
                if in_address
                else "a publishable key is for beacons alone"
            )
            raise Problem(Code.FORBIDDEN, advice, close=True)
        if not key.may_be_used_by(request.headers.get("origin")):
            raise Problem(Code.FORBIDDEN, "the key is not for pages of this origin", close=True)
        return key

    def _feed(self, key: ApiKey, name: str) -> Feed:
        if not key.may_write(name):
            raise Problem(Code.FORBIDDEN, "the key is not for this feed", close=True)
        feed = self.feeds.get(name)
        if feed is None:
            raise Problem(
                Code.NOT_FOUND, f"there is no feed of this name; there are {', '.join(self.feeds)}", close=True
            )
        return feed

    async def _verdicts(self, key: ApiKey, feed: Feed, door: Door, body: bytes) -> list[Verdict]:
        paid = len(body) // BYTES_A_TOKEN
        self._take_tokens(key, paid)
        try:
            events = read_events(body)
        except EventError as error:
            self._take_tokens(key, max(paid, 1), paid)
            return [unreadable(0, body, error, is_no_json=True)]
        if door is Door.DATA:
            events = [self._reading(body, events)]
        self._take_tokens(key, max(paid, len(events)), paid)
        now_ms = time.time_ns() // 1_000_000
        verdicts = []
        for index, event in enumerate(events):
            verdicts.append(judge(index, event, feed, now_ms))
            if len(verdicts) % EVENTS_AT_A_TIME == 0:
                await asyncio.sleep(0)
        return verdicts

    def _reading(self, body: bytes, events: Sequence[SentEvent]) -> SentEvent:
        if events[0].value is not body:
            raise Problem(Code.NO_EVENTS, "one reading is taken here; /api/events/sensor-readings takes lists")
        return self.clock.timed(events[0])

    def _take_tokens(self, key: ApiKey, count: int, paid: int = 0) -> None:
        wait = self.limits.take(key, count, paid)
        if wait:
            told = f"{key.events_per_second:g} events a second and {key.burst:,} at once"
            counted = f"each {BYTES_A_TOKEN:,} bytes of a body count as one at least"
            raise Problem(Code.RATE_LIMITED, f"the key may send {told}, and {counted}; nothing was taken", (), wait)

    async def _write(self, key: ApiKey, feed: Feed, verdicts: Sequence[Verdict]) -> Response:
        known = self.bus.topic(feed.topic)
        headers = posted_headers(known.topic_id, key.key_id)
        valid = [verdict for verdict in verdicts if verdict.is_valid]
        records = [Outgoing(feed.topic, each.key, each.value, headers) for each in valid]
        records += self._letters(key, feed, known, [each for each in verdicts if not each.is_valid])
        outcomes = await self.publisher.publish(records)
        in_order = [*valid, *(each for each in verdicts if not each.is_valid)]
        by_index = dict(zip([each.index for each in in_order], outcomes, strict=True))
        accepted = sum(not isinstance(by_index[each.index], KafkaError) for each in valid)
        too_large = sum(map(is_too_large, outcomes))
        errors = [each for each in outcomes if isinstance(each, KafkaError) and not is_too_large(each)]
        entries = [_entry(verdict, by_index[verdict.index]) for verdict in verdicts]
        if errors:
            self.unconfirmed.because(f"{feed.name}: {errors[0].str()}")
            self._count(feed, accepted=accepted, too_large=too_large, unconfirmed=len(errors))
            raise Problem(Code.BUS_UNAVAILABLE, SEND_AGAIN, (), RETRY_SECONDS, {"events": entries})
        self.unconfirmed.over()
        self._count(feed, accepted=accepted, too_large=too_large, refused=len(outcomes) - accepted - too_large)
        return _answer(verdicts, entries, accepted, too_large)

    def _letters(self, key: ApiKey, feed: Feed, known: KnownTopic, invalid: Sequence[Verdict]) -> list[Outgoing]:
        letters = [failed_event(verdict, feed.topic, known.partitions, key.key_id) for verdict in invalid]
        return outgoing(letters, feed.dead_letter_topic)

    def _count(self, feed: Feed, **outcomes: int) -> None:
        for outcome, count in outcomes.items():
            if count:
                self.metrics.events.labels(feed.name, outcome).inc(count)


def _entry(verdict: Verdict, outcome: Outcome) -> dict[str, object]:
    """What is told of one event, by the status that it would have had alone."""
    errors = [{"field": each.field, "code": each.code, "detail": each.detail} for each in verdict.errors]
    if is_too_large(outcome):
        return {"index": verdict.index, "status": 413, "errors": [TOO_LARGE_FOR_ITS_TOPIC, *errors]}
    is_there = not isinstance(outcome, KafkaError)
    if not verdict.is_valid:
        return {"index": verdict.index, "status": 422, **({"kept": True} if is_there else {}), "errors": errors}
    told: dict[str, object] = {"index": verdict.index, "status": 202, "id": verdict.event_id}
    if isinstance(outcome, KafkaError):
        return {**told, "status": 503}
    told["topic"], told["partition"], told["offset"] = outcome
    return told


def _answer(
    verdicts: Sequence[Verdict], entries: Sequence[Mapping[str, object]], accepted: int, too_large: int
) -> Response:
    if accepted:
        body = {"accepted": accepted, "refused": len(verdicts) - accepted, "events": entries}
        status = 202 if accepted == len(verdicts) else MULTI_STATUS
        return Response(orjson.dumps(body), status, media_type=JSON)
    errors: list[FieldError] = [error for verdict in verdicts for error in verdict.errors]
    if too_large:
        detail = "larger than the topic takes; nothing went onto the bus, and `events` says what is kept"
        raise Problem(Code.TOO_LARGE, detail, errors, more={"events": entries})
    code = Code.NOT_JSON if verdicts[0].is_no_json else Code.INVALID_EVENT
    detail = "nothing went onto the bus; kept as a failed event" + ("" if len(verdicts) == 1 else " each")
    raise Problem(code, detail, errors, more={"events": entries})
