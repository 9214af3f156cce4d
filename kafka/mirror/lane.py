"""One source partition on its way to the same partition of the destination, in transactions.

A lane has its own transactional producer, whose id is made of the route and the partition. Whoever opens the lane,
with however many workers, therefore fences the one before and ends what it left open, before the offset is read.

Before a transaction is committed, the source topic is confirmed to be the one that was read. What fails is rolled back
and tried again.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from threading import Event

from confluent_kafka import KafkaException, Message

from config.errors import MillraceError, UnavailableError
from kafka.absence import Absence
from kafka.client import MissingTopicError, explain
from kafka.lost_offsets import SourceOffsetsLostError
from kafka.mirror.allowance import Allowance
from kafka.mirror.faults import Fault, fault_of, problem_of
from kafka.mirror.offsets import MirrorOffset
from kafka.mirror.setup import DestinationDeletedError, LaneSetup
from kafka.mirror.source import SourceMadeAnewError, SourcePartition
from kafka.mirror.transaction import LaneTransaction
from kafka.topic_sight import TopicSight
from kafka.waiting import Waiting, pause_seconds

logger = logging.getLogger(__name__)

RECORDS_PER_READ = 2_000
RECORDS_PER_TRANSACTION = 50_000
SECONDS_PER_TRANSACTION = 1.0


class Lane:
    """Mirrors one partition; one thread works on it at a time, another may read its public numbers."""

    def __init__(self, setup: LaneSetup, partition: int, stop: Event) -> None:
        self.topic = setup.route.source_topic
        self.partition = partition
        self.mirrored = 0
        self.lag = 0
        self._setup = setup
        self._stop = stop
        self._end: int | None = None
        self._retired = False
        self._failures = 0
        self._failing_since = 0.0
        self._last_progress = time.monotonic()
        self._unseen = 0
        """Records that were mirrored by this lane and not yet taken from the allowance."""
        self._absence = Absence()
        self._next_step: Callable[[], None] | None = None
        self._waiting = Waiting(logger, f"{setup.doing} waits partition={partition}")
        self._transaction = LaneTransaction(setup, partition, stop)
        self._writer = self._transaction.writer
        self._source = SourcePartition(setup.source, self.topic, partition)

    @property
    def finished(self) -> bool:
        """Whether everything below the end is mirrored, or the source no longer has the partition."""
        return self._retired or (self._end is not None and self._source.next_offset >= self._end)

    @property
    def taken(self) -> int:
        """Records that were mirrored or dead-lettered in the route's whole life."""
        return self._transaction.committed.records + self._transaction.committed.dead

    def fence(self) -> None:
        """End the open transaction of a lane before this one, and have that lane's writes refused from now on."""
        try:
            self._writer.open()
        except KafkaException as error:
            raise explain(self._writer.refused.error or error, self._setup.doing) from error

    def start(self, begin: MirrorOffset, known: MirrorOffset | None, end: int | None) -> None:
        """Read on from `begin`; the lane is finished at offset `end` (None: never).

        Where the offsets topic holds something else, `known`, it is told first: records that expire before the first
        transaction must be missed by the next start, too. A lane without end tells at once who its owner is.
        """
        self._end = end
        self._transaction.start(begin, known)
        self._source.seek(begin.next_offset, begin.leader_epoch)
        self.lag = max((end or 0) - begin.next_offset, 0)
        self._last_progress = time.monotonic()
        if begin != known or end is None:
            self._next_step = self._commit
        while self._next_step is not None and not self._stop.is_set():
            problem: KafkaException | MillraceError | None = None
            try:
                self._prepare()
            except (KafkaException, MillraceError) as error:
                problem = error
            if problem is not None:
                self._roll_back(problem.with_traceback(None))

    def copy(self, allowance: Allowance, wait_seconds: float) -> int:
        """Mirror one transaction of records, waiting at most `wait_seconds` for the first; returns how many it took.

        A server that is away rolls the transaction back and is tried again at the next call, up to the setup's
        patience; after that, and for what waiting does not mend, raises what says so.
        """
        read, problem = 0, None
        try:
            self._prepare()
            granted = allowance.take(self._unseen)
            allowance.settle(granted, granted)
            self._unseen = 0
            limit = self._transaction.limit
            records = self._read(allowance, wait_seconds, limit)
            started = time.monotonic()
            while records:
                read += len(records)
                self._transaction.produce(records)
                if self._is_full(started, limit):
                    break
                records = self._read_on(allowance, limit)
            # Without a record there may still be marks of transactions to step over.
            if self._source.next_offset > self._transaction.committed.next_offset:
                self._commit()
        except (KafkaException, MillraceError) as error:
            problem = error
        if problem is not None:
            allowance.give_back(read)
            self._roll_back(problem.with_traceback(None))
            return 0
        self.lag = max((self._end if self._end is not None else self._source.newest()) - self._source.next_offset, 0)
        return read

    def close(self) -> None:
        """Leave both clusters; an open transaction is ended by the next `fence` or by its timeout."""
        self._writer.close()
        self._source.close()

    def _is_full(self, started: float, limit: int | None) -> bool:
        if limit is not None and self._source.next_offset >= limit:
            return True
        return (
            self._transaction.taken >= RECORDS_PER_TRANSACTION or time.monotonic() - started > SECONDS_PER_TRANSACTION
        )

    def _prepare(self) -> None:
        """What was left to do by the failure before, and by what the watch saw meanwhile."""
        before = self._transaction.committed
        if self._transaction.go_on():
            self._seek()
            self._count_unseen(before, self._transaction.committed)
            if self._next_step is not None and self._transaction.committed != before:
                # What was to be told is there after all, or another mirror went on: nothing is applied to it again.
                self._next_step = self._commit
        watch = self._setup.source_watch
        if watch is not None and self._next_step is None:
            self._compare_source(watch.seen)
        if self._next_step is not None:
            self._next_step()
            self._next_step = None

    def _count_unseen(self, before: MirrorOffset, now: MirrorOffset) -> None:
        """What a transaction that seemed to have failed has mirrored."""
        if now.owner == self._setup.owner:
            self.mirrored += now.records - before.records
            self._unseen += now.records + now.dead - before.records - before.dead

    def _read(self, allowance: Allowance, wait_seconds: float, limit: int | None) -> list[Message]:
        if self.finished:
            return []
        to_end = RECORDS_PER_READ if self._end is None else self._end - self._source.next_offset
        granted = allowance.take(min(RECORDS_PER_READ, to_end))
        if not granted:
            self._stop.wait(0.01)  # for what the reads of other lanes leave of their grants
            return []
        records: list[Message] = []
        is_moving, lost = False, None
        try:
            records, is_moving = self._source.read(granted, wait_seconds, limit)
        except KafkaException as error:
            raise self._source_problem(error) from error
        except SourceOffsetsLostError as error:
            lost = error.with_traceback(None)
        finally:
            allowance.settle(granted, len(records))
        if lost is not None:
            self._confirm_source()
            raise lost
        silent = not is_moving and not self._writer.in_transaction and not self._stop.is_set()
        if silent and self._writer.given_up(max(self._last_progress, self._source.moved_at)):
            raise UnavailableError(f"{self._setup.doing}: the source sends no more records; is it running?")
        return records

    def _read_on(self, allowance: Allowance, limit: int | None) -> list[Message]:
        """More for the open transaction, which a loss behind it does not undo: the next one is told of it again."""
        try:
            return self._read(allowance, 0.05, limit)
        except SourceOffsetsLostError as error:
            if error.diverged_at is not None:
                raise
        self._source.seek(self._source.next_offset, self._source.leader_epoch)
        return []

    def _commit(self, begin: MirrorOffset | None = None) -> None:
        """Commit what was read; `begin`, if any, is told as where it begins."""
        source, source_end = self._source, self._source.newest()
        self._confirm_source(begin)
        self.mirrored += self._transaction.commit(source.next_offset, source.leader_epoch, source_end, begin)
        self._failures = 0
        self._absence.over()
        self._last_progress = time.monotonic()
        self._writer.refused.works()
        self._source.refused.works()
        self._waiting.over()

    def _confirm_source(self, begin: MirrorOffset | None = None) -> None:
        watch = self._setup.source_watch
        if watch is None:
            return
        try:
            self._compare_source(watch.confirm(self._source.fetched_at), begin)
        except MissingTopicError as error:
            raise self._missing(error) from error

    def _compare_source(self, seen: TopicSight, begin: MirrorOffset | None = None) -> None:
        known = (begin or self._transaction.committed).source_id
        if seen.topic_id and known and seen.topic_id != known:
            raise SourceMadeAnewError(self.topic, seen.topic_id, seen.partitions)

    def _source_problem(self, error: KafkaException) -> MillraceError:
        return self._missing(problem_of(self._source.refused.error or error.args[0], self._setup.doing))

    def _missing(self, problem: MillraceError) -> MillraceError:
        if isinstance(problem, MissingTopicError) and self._setup.patience_seconds is None:
            return UnavailableError(f"{self._setup.doing}: the source topic or its partition is not there now")
        return problem

    def _roll_back(self, error: KafkaException | MillraceError) -> None:
        """End the transaction, and see to it that the next call can do better; raises what no call can mend.

        Called while no exception is handled, as all that asks the client: a call of it that fails meanwhile keeps that
        exception for ever (confluent_kafka 2.16), with its traceback the producer that is to be replaced, its threads
        and its memory.
        """
        if isinstance(error, SourceMadeAnewError):
            self._next_step = partial(self._begin_anew, error)
        elif isinstance(error, SourceOffsetsLostError):
            self._heed_loss(error)
        elif not isinstance(error, KafkaException):
            self._wait_or_give_up(error)
        else:
            self._roll_back_refused(self._writer.cause(error))
            return
        self._transaction.roll_back(None)
        self._seek()

    def _heed_loss(self, error: SourceOffsetsLostError) -> None:
        committed = self._transaction.committed
        after = committed.after_loss(error.low, error.high, error.diverged_at)
        if after == committed:  # the open transaction is read again, and what was not to be read a moment ago
            told = f"the source does not give offset {error.wanted} now; it has {error.low} to {error.high}"
            self._wait_or_give_up(UnavailableError(f"{self._setup.doing}: {told}"))
        elif self._setup.skip_lost:
            log_skip(self.partition, committed, after)
            self._next_step = partial(self._tell, after)
        else:
            raise error

    def _roll_back_refused(self, error: KafkaException) -> None:
        fault = fault_of(error.args[0])
        problem = problem_of(self._writer.refused.error or error.args[0], self._setup.doing)
        if fault is not Fault.RECORD:
            self._wait_or_give_up(problem)
        self._transaction.roll_back(error)
        self._seek()

    def _wait_or_give_up(self, problem: MillraceError) -> None:
        if self._failures == 0:
            # Not since its last progress: with many lanes a worker it may be long since this one's turn.
            self._failing_since = time.monotonic()
        problem = self._heed_absence(problem)
        if not isinstance(problem, UnavailableError) or self._writer.given_up(self._failing_since):
            raise problem
        self._waiting.because(problem)
        self._failures += 1
        self._stop.wait(pause_seconds(self._failures))

    def _heed_absence(self, problem: MillraceError) -> MillraceError:
        """A topic of the destination that is not there is waited for with the run's patience, but never for ever."""
        if isinstance(problem, DestinationDeletedError):
            reason = f"topic {problem.topic} is not there now"
        elif isinstance(problem, MissingTopicError):
            reason = str(problem)
        else:
            self._absence.over()
            return problem
        patience = self._setup.patience_seconds
        is_over = patience is not None and time.monotonic() - self._failing_since > patience
        return problem if self._absence.noted() or is_over else UnavailableError(reason)

    def _seek(self) -> None:
        committed = self._transaction.committed
        self._source.seek(committed.next_offset, committed.leader_epoch)

    def _begin_anew(self, error: SourceMadeAnewError) -> None:
        """Go on with the topic that took the place of the one that was read."""
        before = self._transaction.committed
        if self.partition >= error.partitions:
            log_made_anew(self.topic, self.partition, before, error.topic_id)
            logger.warning("the source topic has no such partition any more partition=%d", self.partition)
            self._retired = True
            return
        self._source.reopen()
        after = before.made_anew(error.topic_id, self._range()[0])
        log_made_anew(self.topic, self.partition, before, error.topic_id)
        self._next_step = partial(self._tell, after)
        self._next_step()

    def _tell(self, begin: MirrorOffset) -> None:
        """Commit that the next transaction begins at `begin`; as often as it fails, the same is committed."""
        self._source.reopen()
        self._source.seek(begin.next_offset, begin.leader_epoch)
        self._commit(begin)

    def _range(self) -> tuple[int, int]:
        try:
            return self._source.range()
        except KafkaException as error:
            raise self._source_problem(error) from error


def log_made_anew(topic: str, partition: int, before: MirrorOffset, topic_id: str) -> None:
    """Say that the source topic is another one, and what of the former one is lost."""
    logger.warning(
        "the source topic was made anew and is mirrored from its beginning topic=%s partition=%d id=%s former=%s "
        "mirrored_to=%d lost_offsets=%d",
        topic,
        partition,
        topic_id,
        before.source_id,
        before.next_offset,
        before.not_mirrored,
    )


def log_skip(partition: int, before: MirrorOffset, after: MirrorOffset) -> None:
    """Say what `--skip-lost` skips."""
    logger.warning(
        "lost offsets are skipped partition=%d from=%d to=%d missing=%d truncated=%d",
        partition,
        before.next_offset,
        after.next_offset,
        after.skipped - before.skipped,
        after.truncated - before.truncated,
    )
