"""What the API needs to know of a feed."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Violation(Protocol):
    """What an event breaks: the field, the stable name of the rule, and a sentence without the field."""

    @property
    def field(self) -> str: ...

    @property
    def rule(self) -> str: ...

    @property
    def text(self) -> str: ...


class Feed(Protocol):
    """A declared feed."""

    @property
    def name(self) -> str: ...

    @property
    def topic(self) -> str: ...

    @property
    def dead_letter_topic(self) -> str: ...

    def key_of(self, event: Mapping[str, Any]) -> bytes | None:
        """The key of the event's record, which chooses its partition."""
        ...

    def id_of(self, event: Mapping[str, Any]) -> str | None:
        """What is the same for an event that is sent twice."""
        ...

    def validate(self, event: Mapping[str, Any], recorded_ms: int | None = None) -> Sequence[Violation]:
        """What the event breaks of its declaration; empty where it is valid."""
        ...
