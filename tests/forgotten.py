"""A list of forgotten visitors that needs no bus."""

from collections.abc import Mapping

from kafka.forgotten import ForgottenTopic, ForgottenVisitors, nobody
from kafka.visitor import keyed_hash

KEY = b"a key for the list of the tests"


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
