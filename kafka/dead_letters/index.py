"""What became of every dead letter: pending, replayed, erased or expired. 1 kB is kept of each.

A replay is final for its origin, and so are an erasure and an expiry: once a letter of any stage was replayed, a
letter of the same record written later (by a stage that was killed before it committed, or that reads the bus from its
beginning again) does not make it pending. Its copy on the bus is the one that lives on; where that is refused too, it
has a letter of its own, with its own origin, which can be replayed once in its turn. So of all copies at most the last
is published anew, and each before it was refused where it stood.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Self

from config.kafka_client import ClientConfig
from kafka.dead_letters.letter import (
    BUS,
    ERASED,
    PENDING,
    SOURCE,
    DeadLetter,
    Origin,
    Place,
    read_placed,
    source_cluster,
)
from kafka.log_reader import log_ranges
from kafka.position import BusPosition


class LetterHead(NamedTuple):
    """A letter without its record; `size` of the value in bytes (None: a null value), `place` of its newest record."""

    stage: str
    origin: Origin
    reason: str
    detail: str
    status: str
    size: int | None
    place: Place

    @classmethod
    def of(cls, letter: DeadLetter, place: Place) -> Self:
        """The head of a letter that was read at `place`."""
        topic, partition, offset = letter.position
        origin = Origin(sys.intern(letter.origin.cluster), BusPosition(sys.intern(topic), partition, offset))
        size = None if letter.value is None else len(letter.value)
        texts = (sys.intern(text) for text in (letter.stage, letter.reason, letter.detail, letter.status))
        stage, reason, detail, status = texts
        return cls(stage, origin, reason, detail, status, size, place)


class DeadLetterIndex:
    """The letters of a topic by origin and stage; of each the newest record, and what is final of its origin."""

    def __init__(self, heads: Iterable[LetterHead] = ()) -> None:
        self._heads: dict[Origin, dict[str, LetterHead]] = defaultdict(dict)
        self._final: dict[Origin, str] = {}
        for head in heads:
            self._add(head)

    @classmethod
    def read(cls, config: ClientConfig, topic: str, ranges: Mapping[int, tuple[int, int]] | None = None) -> Self:
        """Read the topic once, or the `ranges` that `log_ranges` has told; raises as `read_to_end`."""
        read = read_placed(config, topic, log_ranges(config, topic) if ranges is None else ranges)
        return cls(LetterHead.of(letter, place) for place, letter in read)

    def _add(self, head: LetterHead) -> None:
        self._heads[head.origin][head.stage] = head
        if head.status != PENDING and self._final.get(head.origin) != ERASED:
            self._final[head.origin] = head.status

    def __iter__(self) -> Iterator[LetterHead]:
        """Every letter once, as `at` has it."""
        return (head for origin in list(self._heads) for head in self.at(origin))

    def at(self, origin: Origin) -> list[LetterHead]:
        """What every stage wrote about one record, with the status that counts."""
        status = self.status(origin)
        return [head._replace(status=status) for head in self._heads.get(origin, {}).values()]

    def origins(self, cluster: str, position: BusPosition) -> list[Origin]:
        """Where a letter has this position: in one log, or for `source` in any topic that had the name there."""
        return [
            origin
            for origin in self._heads
            if origin.position == position and cluster in (origin.cluster, origin.cluster.split("/")[0])
        ]

    def status(self, origin: Origin) -> str:
        """The status that counts, whatever was written last."""
        return self._final.get(origin, PENDING)

    def pending(self, stage: str | None, reason: str | None, origin: Origin | None) -> list[LetterHead]:
        """Pending letters that fit all given filters, in order of origin; one at `source:` may be of any topic id."""
        chosen = [
            head
            for heads in self._heads.values()
            for head in heads.values()
            if head.origin not in self._final
            and stage in (None, head.stage)
            and reason in (None, head.reason)
            and origin in (None, head.origin, head.origin._replace(cluster=head.origin.cluster.split("/")[0]))
        ]
        return sorted(chosen, key=lambda head: (head.origin, head.stage))

    def positions(self, stage: str, topic: str, topic_id: str = "") -> set[BusPosition]:
        """Where `topic` has records that the stage refused: of the source's topic for the mirror, else of the bus.

        With the id of the source's topic, letters of a former one are left out.
        """
        clusters = {BUS, SOURCE, source_cluster(topic_id)}
        found = (
            origin.position
            for origin, heads in self._heads.items()
            if stage in heads and (not topic_id or origin.cluster in clusters)
        )
        return {position for position in found if position.topic == topic}


def by_reason(heads: Iterable[LetterHead]) -> Counter[tuple[str, str]]:
    """How many letters there are of each stage and reason."""
    return Counter((head.stage, head.reason) for head in heads)
