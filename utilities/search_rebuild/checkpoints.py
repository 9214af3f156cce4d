"""How far a rebuild is: documents beside the raw events, so that a killed one goes on where it was.

    {_id: "generation", number}                                     which indices are being filled
    {_id: "topic:00002", topic, partition, next_offset, made, kept, refused}

A partition's document is written after its documents are in the index. What a kill leaves between the two is written
again, under the same ids, and counted then.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from kafka.position import partition_key
from utilities.stores.raw_store import RawStore, TopicPartition

GENERATION = "generation"


@dataclass(frozen=True)
class Progress:
    """Of one partition: below `next_offset` everything is in the new indices.

    `made` counts documents made of raw events, `kept` those of events that only the index had, `refused` those that
    Elasticsearch did not take.
    """

    next_offset: int = 0
    made: int = 0
    kept: int = 0
    refused: int = 0

    @property
    def indexed(self) -> int:
        """Documents that the new indices must have below `next_offset`."""
        return self.made + self.kept - self.refused

    def further(self, until: int, other: "Progress") -> Self:
        """With what another stretch up to `until` has added."""
        return replace(
            self,
            next_offset=until,
            made=self.made + other.made,
            kept=self.kept + other.kept,
            refused=self.refused + other.refused,
        )


class Checkpoints:
    """Reads and writes them."""

    def __init__(self, store: RawStore) -> None:
        self._collection = store.collection.database[f"{store.collection.name}_search_rebuild"]

    def generation(self) -> int | None:
        """The number of the rebuild under way; None where there is none."""
        found = self._collection.find_one({"_id": GENERATION})
        return None if found is None else int(found["number"])

    def begin(self, generation: int) -> None:
        """Note which rebuild begins."""
        self._put({"_id": GENERATION, "number": generation})

    def read(self) -> dict[TopicPartition, Progress]:
        """Every partition that was begun."""
        return {
            (row["topic"], row["partition"]): Progress(row["next_offset"], row["made"], row["kept"], row["refused"])
            for row in self._collection.find({"_id": {"$ne": GENERATION}})
        }

    def keep(self, place: TopicPartition, progress: Progress) -> None:
        """Note how far a partition is."""
        topic, partition = place
        self._put({"_id": partition_key(*place), "topic": topic, "partition": partition, **asdict(progress)})

    def forget(self) -> None:
        """No rebuild is under way any more."""
        self._collection.drop()

    def _put(self, document: dict[str, Any]) -> None:
        self._collection.replace_one({"_id": document["_id"]}, document, upsert=True)
