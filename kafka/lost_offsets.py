"""Offsets that the bus no longer has: loss is said aloud, never skipped unasked."""

from typing import ClassVar

from config.errors import TerminalError

NEW_GENERATION = "./millrace new-generation"


class OffsetsLostError(TerminalError):
    """The local topic no longer has, or never had, the offset that comes next.

    `diverged_at` is where the log went another way than what was read of it, when it was truncated and has grown over
    `wanted` since; None where it was not.
    """

    log: ClassVar[str] = "topic"
    instead: ClassVar[str] = f"keep both with {NEW_GENERATION}, or "
    """What a person can do without skipping; empty where there is nothing."""

    def __init__(
        self, topic: str, partition: int, wanted: int, low: int, high: int, diverged_at: int | None = None
    ) -> None:
        self.topic, self.partition, self.wanted, self.low, self.high = topic, partition, wanted, low, high
        self.diverged_at = diverged_at
        if diverged_at is not None:
            what = (
                f"offsets {diverged_at} to {wanted - 1} are other records than those that were read: it was truncated "
                f"at {diverged_at} and written anew; {self.instead}go on from offset {wanted}"
            )
        elif wanted < low:
            what = f"offsets {wanted} to {low - 1} have expired before they were read: they are lost; go on from {low}"
        else:
            what = (
                f"it ends at {high}, before offset {wanted} which comes next: it was truncated; "
                f"{self.instead}go on from its end"
            )
        super().__init__(f"{self.log} {topic} partition {partition}: {what} with --skip-lost")


class SourceOffsetsLostError(OffsetsLostError):
    """As that of the local topic, but of the source's, whose positions nothing is stored under: it has one way on."""

    log = "source topic"
    instead = ""


class TruncatedError(TerminalError):
    """The bus ends before what the store has of it, as after an unclean election: its next records repeat positions."""

    def __init__(self, topic: str, partition: int, reached: int, end: int) -> None:
        self.topic, self.partition, self.reached, self.end = topic, partition, reached, end
        super().__init__(
            f"{topic} partition {partition} was truncated at {end}, and the store has its records up to {reached - 1}: "
            f"new ones there would be taken for those; keep both with {NEW_GENERATION} --truncated"
        )


class TopicMadeAnewError(TerminalError):
    """The topic has another id than what was read of it: its positions begin again at zero."""

    def __init__(self, topic: str, known_id: str, found_id: str) -> None:
        self.topic, self.known_id, self.found_id = topic, known_id, found_id
        super().__init__(
            f"topic {topic} was made anew (id {found_id}, before {known_id}): its positions would repeat those of the "
            f"store; keep both with {NEW_GENERATION}"
        )
