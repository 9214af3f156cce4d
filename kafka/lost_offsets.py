"""Offsets that the bus no longer has: loss is said aloud, never skipped unasked."""

from config.errors import TerminalError


class OffsetsLostError(TerminalError):
    """The topic no longer has, or never had, the offset that comes next."""

    def __init__(self, topic: str, partition: int, wanted: int, low: int, high: int) -> None:
        self.topic, self.partition, self.wanted, self.low, self.high = topic, partition, wanted, low, high
        if wanted < low:
            what = f"offsets {wanted} to {low - 1} have expired before they were read: they are lost"
        else:
            what = f"it ends at {high}, before offset {wanted} which comes next: it was truncated"
        super().__init__(f"{topic} partition {partition}: {what}; go on from offset {low} with --skip-lost")
