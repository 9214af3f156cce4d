"""What a store keeps of how far a topic is stored: rules that hold for every store's marks."""

from collections.abc import Iterable

from config.errors import TerminalError
from kafka.lost_offsets import NEW_GENERATION
from kafka.sinks.sink import BusLog, StoreMark


def refuse_another_log(log: BusLog, marks: Iterable[StoreMark], where: str) -> None:
    """Raise TerminalError when `where` holds events of a topic of the same name that has another id.

    A mark without an id is of a broker that has none, or older than the ids in marks: it may be of any topic.
    """
    if any(log.topic_id and mark.topic_id not in ("", log.topic_id) for mark in marks):
        raise TerminalError(
            f"topic {log.topic} was made anew since {where} took its events: positions would repeat, and new events "
            f"would be taken for old ones; keep both with {NEW_GENERATION}"
        )


def raised(kept: StoreMark | None, reached: StoreMark) -> StoreMark:
    """The mark to keep where `kept` is and `reached` is reported; its `next_offset` falls only after a truncation.

    A truncation is told by more skipped records than before.
    """
    if kept is None:
        return reached
    topic_id = reached.topic_id or kept.topic_id
    if reached.skipped > kept.skipped:
        return StoreMark(reached.next_offset, topic_id, reached.leader_epoch, reached.skipped)
    epochs = [mark.leader_epoch for mark in (kept, reached) if mark.leader_epoch is not None]
    return StoreMark(max(kept.next_offset, reached.next_offset), topic_id, max(epochs, default=None), kept.skipped)
