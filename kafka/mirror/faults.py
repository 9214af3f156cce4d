"""Whose fault an error of a lane's transaction is, and so what is done about it."""

from enum import Enum, auto

from confluent_kafka import KafkaError

from config.errors import AccessError, MillraceError, TerminalError, UnavailableError
from kafka.client import MissingTopicError, explain
from kafka.dead_letter_reasons import KAFKA_RECORD_FAULTS


class Fault(Enum):
    """`RECORD`: it is found and set aside. `PRODUCER`: a new one goes on, unless another mirror took over.

    `OPERATOR`: a person has to act. `SERVER`, all the rest: it is waited for.
    """

    RECORD = auto()
    PRODUCER = auto()
    OPERATOR = auto()
    SERVER = auto()


_PRODUCER_CODES = {
    KafkaError._FENCED,
    KafkaError._FATAL,
    KafkaError._STATE,
    KafkaError._CONFLICT,
    KafkaError.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.INVALID_PRODUCER_ID_MAPPING,  # the transactional id expired after 7 idle days
    KafkaError.UNKNOWN_PRODUCER_ID,
    KafkaError.INVALID_TXN_STATE,
    KafkaError.TRANSACTION_COORDINATOR_FENCED,
}


def fault_of(error: KafkaError) -> Fault:
    """Whose fault `error` is; it comes from the destination."""
    if isinstance(explain(error, ""), AccessError | MissingTopicError):
        return Fault.OPERATOR
    if error.code() in KAFKA_RECORD_FAULTS:
        return Fault.RECORD
    if error.fatal() or error.code() in _PRODUCER_CODES:
        return Fault.PRODUCER
    return Fault.SERVER


def problem_of(error: KafkaError, doing: str) -> MillraceError:
    """As `explain`, but what no person is known to mend is waited for, as UnavailableError."""
    problem = explain(error, doing)
    if type(problem) is TerminalError:
        return UnavailableError(f"{doing} failed: {error.str()} ({error.name()})")
    return problem
