"""What the warehouse says of the feeds beside the main one: their ledger, beside the rows of their tables."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from migrations.feed_facts import FEED_TABLES

TopicPartition = tuple[str, int]

ROWS = " UNION ALL ".join(f"SELECT bus_topic, bus_partition FROM {table.rows}" for table in FEED_TABLES.values())
LEDGER = f"""
SELECT part.bus_topic, part.bus_partition, max(to_offset), max(topic_id), sum(loaded)::bigint, sum(duplicates)::bigint,
       sum(rejected)::bigint, sum(empty)::bigint, coalesce(max(stored.rows), 0), coalesce(max(refused.rows), 0)
FROM etl.feed_range AS part
LEFT JOIN (
    SELECT bus_topic, bus_partition, count(*) AS rows FROM ({ROWS}) AS event GROUP BY 1, 2
) AS stored USING (bus_topic, bus_partition)
LEFT JOIN (
    SELECT bus_topic, bus_partition, count(*) AS rows FROM etl.rejected_feed_event GROUP BY 1, 2
) AS refused USING (bus_topic, bus_partition)
GROUP BY part.bus_topic, part.bus_partition
"""


@dataclass(frozen=True)
class FeedLedger:
    """What became of one partition's documents below `next_offset`; `rows` and `rejected_rows` are counted apart."""

    next_offset: int
    topic_id: str
    loaded: int
    duplicates: int
    rejected: int
    empty: int
    rows: int
    rejected_rows: int


def read_feed_ledger(connection: psycopg.Connection) -> Mapping[TopicPartition, FeedLedger]:
    """By topic and partition, of the feeds that were loaded."""
    return {(topic, number): FeedLedger(*told) for topic, number, *told in connection.execute(LEDGER.encode())}
