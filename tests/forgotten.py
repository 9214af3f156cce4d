"""A list of forgotten visitors that needs no bus."""

from collections.abc import Mapping

import pytest

import kafka.forgotten
from kafka.forgotten import ForgottenTopic, ForgottenVisitors, nobody
from kafka.topic_sight import TopicSight
from kafka.visitor import keyed_hash

KEY = b"a key for the list of the tests"


def seen_as(monkeypatch: pytest.MonkeyPatch, *topic_ids: str) -> None:
    """Have the list's topic seen with one of these ids after the other, the last for ever: a stand-in tells none."""
    left = list(topic_ids)

    def see() -> TopicSight:
        return TopicSight(left.pop(0) if len(left) > 1 else left[0], 1)

    monkeypatch.setattr(kafka.forgotten, "asking", lambda *_: see)


class Prepared(ForgottenTopic):
    """Entries that are there already: hash -> moment in milliseconds."""

    def __init__(self, moments: Mapping[str, int]) -> None:
        super().__init__({}, "forgotten")
        self.moments = dict(moments)
        self.readings = 0

    def read_on(self) -> None:
        """Nothing is added."""
        self.readings += 1


def forgotten(moments: Mapping[str, int] | None = None) -> ForgottenVisitors:
    """The list with these ids and their moments in milliseconds, as a stage has read it."""
    hashed = {keyed_hash(identity.encode(), KEY): moment for identity, moment in (moments or {}).items()}
    visitors = ForgottenVisitors(Prepared({nobody(KEY): 1, **hashed}), KEY)
    visitors.refresh()
    return visitors
