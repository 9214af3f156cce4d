"""What a busy MongoDB breaks off is asked again; what it refuses is not."""

import pytest
from pymongo.errors import OperationFailure, PyMongoError, ServerSelectionTimeoutError

from config.errors import TerminalError, TransientError
from spark.outages import asked_again, explain

BROKEN_OFF = OperationFailure("operation cancelled", 11601)


def test_a_read_that_is_broken_off_is_the_servers_fault_and_is_asked_again() -> None:
    answers = iter([BROKEN_OFF, BROKEN_OFF])

    def find() -> str:
        for error in answers:
            raise error
        return "found"

    assert isinstance(explain(BROKEN_OFF, "reading"), TransientError)
    assert isinstance(explain(OperationFailure("bad query", 2), "reading"), TerminalError)
    assert asked_again()(find) == "found"


@pytest.mark.parametrize("error", [OperationFailure("bad query", 2), ServerSelectionTimeoutError("away")])
def test_what_is_refused_or_away_is_asked_once(error: PyMongoError) -> None:
    asked = []

    def find() -> None:
        asked.append(1)
        raise error

    with pytest.raises(type(error)):
        asked_again()(find)
    assert len(asked) == 1
