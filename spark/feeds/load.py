"""One run of one feed: its landed events into staging, and the statements of sql/feeds, in one transaction.

Staging is temporary, and a run that is killed leaves nothing: the next reads its offsets again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from config.errors import TerminalError
from config.settings import PROJECT_ROOT
from kafka.feeds.feed import Feed
from kafka.position import OFFSET_DIGITS
from kafka.sinks.landed_documents import LandedEvent
from migrations.feed_facts import FEED_TABLES
from spark.feeds.rows import FeedRows, Row
from spark.ranges import OffsetRange, TopicPartition, portions
from spark.raw_store import RawStore
from spark.reader import bus_milliseconds
from spark.settings import EtlSettings

FOLDER = PROJECT_ROOT / "sql" / "feeds"
SHARED = "shared"
STAGING = ("010_staged", "011_rejected")
LOAD = (
    "020_repeated",
    "030_dim_user",
    "040_{fact}",
    "050_rejected_feed_event",
    "060_feed_range",
    "070_feed_run",
)
"""The statements in their order: of the feed's own folder where it has one of that name, else the shared one."""
START_RUN = "INSERT INTO etl.feed_run (feed, time_zone, visitor_key) VALUES (%s, %s, %s) RETURNING run_id"
WATERMARKS = "SELECT bus_topic, bus_partition, max(to_offset) FROM etl.feed_range GROUP BY 1, 2"
COUNT_STAGED = "SELECT count(*) FROM staged"
COUNTS = """
SELECT sum(landed)::bigint, sum(loaded)::bigint, sum(duplicates)::bigint, sum(rejected)::bigint, sum(empty)::bigint
FROM etl.feed_range WHERE run_id = %s
"""


@dataclass(frozen=True)
class Counts:
    """What became of the documents of a run."""

    landed: int = 0
    loaded: int = 0
    duplicates: int = 0
    rejected: int = 0
    empty: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        sums = (mine + theirs for mine, theirs in zip(asdict(self).values(), asdict(other).values(), strict=True))
        return Counts(*sums)


@dataclass
class _Read:
    """What was read of one range."""

    bus_topic: str
    bus_partition: int
    from_offset: int
    to_offset: int
    topic_id: str
    valid: int = 0
    rejected: int = 0
    empty: int = 0


@dataclass(frozen=True)
class FeedLoad:
    """What a run loads; `visitor_key` is the check value of the key (spark/definitions.py)."""

    feed: Feed
    store: RawStore
    settings: EtlSettings
    visitor_key: str
    ranges: Sequence[OffsetRange]
    topic_ids: Mapping[str, str]

    def run(self, connection: psycopg.Connection) -> Counts:
        """Load within the caller's transaction; nothing where an earlier attempt had committed.

        Raises what `RawStore.scan` raises, and TerminalError where rows were lost on their way.
        """
        reached = watermarks(connection)
        if all(reached.get(TopicPartition(part.topic, part.partition), 0) >= part.to_offset for part in self.ranges):
            return Counts()
        # Each feed's staging is another table of the same name: a prepared statement would know the last one.
        connection.prepare_threshold = None
        started = [self.feed.name, self.settings.business_time_zone, self.visitor_key]
        (run_id,) = _row(connection, START_RUN, started)
        for name in STAGING:
            connection.execute(self.statement(name))
        read = [self._stage(connection, piece) for piece in self.ranges]
        connection.execute("ANALYZE staged")
        values = {"run_id": run_id, "feed": self.feed.name, "time_zone": self.settings.business_time_zone}
        values["ranges"] = Jsonb([asdict(each) for each in read])
        for name in LOAD:
            rows = connection.execute(self.statement(name), values).rowcount
            if name == "040_{fact}" and rows != (staged := _row(connection, COUNT_STAGED, [])[0]):
                raise TerminalError(f"{self.feed.name}: {rows} rows of {staged} events were loaded; nothing was kept")
        return Counts(*_row(connection, COUNTS, [run_id]))

    def statement(self, name: str) -> bytes:
        """A statement of `STAGING` or `LOAD` for this feed."""
        fact = FEED_TABLES[self.feed.name].name
        file = f"{name.replace('{fact}', fact)}.sql"
        own = FOLDER / self.feed.name / file
        text = (own if own.exists() else FOLDER / SHARED / file).read_text(encoding="utf-8")
        return text.replace("{fact}", fact).encode()

    def _stage(self, connection: psycopg.Connection, piece: OffsetRange) -> _Read:
        """The events of a range, as many in memory as the raw store gives at once."""
        read = _Read(*piece, self.topic_ids.get(piece.topic, ""))
        rows = FeedRows(self.feed, _columns(connection, "staged"), _key(self.settings))
        for landed in self._landed(piece):
            valid, rejected = [], []
            for each in landed:
                place = (piece.topic, piece.partition, int(each.key[-OFFSET_DIGITS:]))
                if not isinstance(each.event, Mapping) or not each.event:
                    read.empty += 1
                elif problem := rows.problem(each.event, bus_milliseconds(each.timestamp)):
                    rejected.append(rows.rejected(place, each.event, problem))
                else:
                    valid.append(rows.staged(place, each.event))
            _copy(connection, "staged", valid)
            _copy(connection, "rejected", rejected)
            read.valid += len(valid)
            read.rejected += len(rejected)
        return read

    def _landed(self, piece: OffsetRange) -> Iterator[list[LandedEvent]]:
        for portion in portions([piece], self.settings.etl_range_offsets):
            yield from self.store.scan(portion)


def watermarks(connection: psycopg.Connection) -> dict[TopicPartition, int]:
    """The first offset of each partition of a feed that no run has loaded."""
    return {TopicPartition(topic, partition): end for topic, partition, end in connection.execute(WATERMARKS)}


def _key(settings: EtlSettings) -> bytes:
    return settings.visitor_hash_key.get_secret_value().encode()


def _columns(connection: psycopg.Connection, table: str) -> list[str]:
    found = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(table)))
    return [column.name for column in found.description or ()]


def _copy(connection: psycopg.Connection, table: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _row(connection: psycopg.Connection, statement: str, values: Sequence[Any]) -> tuple[Any, ...]:
    return connection.execute(statement.encode(), values).fetchall()[0]
