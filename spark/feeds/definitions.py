"""Whose hashes and which days the loaded feeds have, and what loading them all anew takes away."""

from collections.abc import Collection, Mapping

import psycopg
from psycopg import sql

from config.errors import TerminalError
from config.settings import PROJECT_ROOT
from migrations.feed_facts import FEED_TABLES, USERS
from spark.definitions import check_value
from spark.raw_store import RawStore
from spark.settings import MeaningSettings

EXPIRY = PROJECT_ROOT / "sql" / "expire" / "020_rejected_feed_event.sql"
LOADED = """
SELECT DISTINCT feed, time_zone, visitor_key FROM etl.feed_run AS run
WHERE EXISTS (SELECT FROM etl.feed_range AS part WHERE part.run_id = run.run_id)
ORDER BY feed
"""
TOPIC_IDS = "SELECT DISTINCT bus_topic, topic_id FROM etl.feed_range WHERE topic_id <> ''"
LANDED = """
SELECT bus_topic, bus_partition, max(to_offset), sum(landed)::bigint
FROM etl.feed_range JOIN etl.feed_run USING (run_id) WHERE feed = %s GROUP BY 1, 2
"""
NO_LEDGER = "DELETE FROM etl.feed_range USING etl.feed_run AS run WHERE run.run_id = feed_range.run_id AND feed = %s"
NO_REJECTIONS = "DELETE FROM etl.rejected_feed_event WHERE feed = %s"
NO_REGISTRATION = """
UPDATE dim_user
SET age_group = NULL, city = NULL, country = NULL, registered_at = NULL, date_key = -1, event_id = NULL,
    bus_topic = NULL, bus_partition = NULL, bus_offset = NULL, run_id = NULL
WHERE event_id IS NOT NULL
"""
NO_USERS = "DELETE FROM dim_user WHERE user_key > 0"


def refuse_others(connection: psycopg.Connection, settings: MeaningSettings) -> None:
    """Raise TerminalError where a feed is loaded with another key or another zone of days than the settings say."""
    key = check_value(settings.visitor_hash_key.get_secret_value())
    for feed, time_zone, visitor_key in connection.execute(LOADED).fetchall():
        for name, stored, told in (
            ("VISITOR_HASH_KEY", visitor_key, key),
            ("BUSINESS_TIME_ZONE", time_zone, settings.business_time_zone),
        ):
            if stored != told:
                raise TerminalError(
                    f"{feed} was loaded with another {name} ({stored}, and now {told}): nothing was changed; set it"
                    " back, or load all feeds anew under it (./millrace etl --feeds all --full-refresh)"
                )


def refuse_other_topics(connection: psycopg.Connection, landed_ids: Mapping[str, str]) -> None:
    """Raise TerminalError where a landed topic is another than the one of that name that was loaded before."""
    for topic, loaded_id in connection.execute(TOPIC_IDS).fetchall():
        if landed_ids.get(topic, loaded_id) != loaded_id:
            raise TerminalError(
                f"topic {topic} was made anew since its events were loaded: its positions repeat those of other events;"
                " nothing was loaded (docs/bus.md)"
            )


def refuse_lost_events(connection: psycopg.Connection, feed: str, store: RawStore) -> None:
    """Raise TerminalError where the raw store has fewer documents than were loaded: they could not be loaded again."""
    for topic, partition, end, landed in connection.execute(LANDED, [feed]).fetchall():
        if (found := store.count(topic, partition, 0, end)) < landed:
            raise TerminalError(
                f"{feed}: {landed:,} documents of {topic}:{partition} were loaded, and the raw store has {found:,} of"
                " them: they cannot be loaded again; nothing was changed"
            )


def take_out(connection: psycopg.Connection, feeds: Collection[str], settings: MeaningSettings) -> None:
    """Everything that was loaded of the feeds, to be loaded again; users keep their keys unless hashed by another key.

    Raises what `refuse_others` raises where other feeds stay.
    """
    hashed = {visitor_key for _, _, visitor_key in connection.execute(LOADED).fetchall()}
    for feed in feeds:
        table = FEED_TABLES[feed].name
        if table == USERS:
            connection.execute(NO_REGISTRATION)
        else:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        for statement in (NO_LEDGER, NO_REJECTIONS):
            connection.execute(statement, [feed])
    refuse_others(connection, settings)
    if hashed - {check_value(settings.visitor_hash_key.get_secret_value())}:
        connection.execute(NO_USERS)


def expire_rejections(connection: psycopg.Connection, days: int) -> None:
    """Empty what was rejected more than `days` days ago."""
    connection.execute(EXPIRY.read_text(encoding="utf-8").encode(), {"days": days})
