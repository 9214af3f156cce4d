"""Removing old months of the facts and old raw events: what is old, the question, and the removal."""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
from psycopg.types.json import Jsonb
from pymongo.errors import PyMongoError
from rich.table import Table

from config.console import result_console
from config.errors import ConfigurationError, TerminalError
from kafka.feeds.declaration import feeds_beside_main
from migrations.facts import kept_by_month
from spark.definitions import TIME_ZONE, Definitions
from spark.enrichment.settings import EnrichmentSettings
from spark.ledger import BRIEF_LOCKS, Ledger
from spark.marts import refresh_marts
from spark.settings import EtlSettings
from spark.warehouse import WarehouseLogin
from utilities.retention.archived_texts import scrub_archives
from utilities.retention.expiry import DeadLetterSettings, expire_dead_letters, old_dead_letters
from utilities.retention.month_archive import ArchivedFile, archive_month, archive_path
from utilities.retention.raw_events import (
    OldPrefix,
    delete_below,
    kept_raw,
    note_kept_from,
    old_prefix,
    record_removed,
)
from utilities.retention.unlinking import unlink, unlink_removed
from utilities.stores.raw_store import RawStore, raw_store_error
from utilities.stores.unused_members import delete_unused_members

FACTS = kept_by_month()
MONTHS = " UNION ALL ".join(
    f"SELECT '{fact}' AS fact, date_key / 100 AS month FROM {fact} WHERE date_key BETWEEN 1 AND %(key)s - 1"
    for fact in FACTS
)
COUNT_MONTHS = f"SELECT month, fact, count(*) FROM ({MONTHS}) AS rows GROUP BY month, fact ORDER BY month, fact"
RECORD_FILE = """
INSERT INTO etl.archived_file (path, table_name, month, rows, sha256) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (path) DO UPDATE SET rows = excluded.rows, sha256 = excluded.sha256, archived_at = now()
"""
ANNOUNCE_FILE = """
INSERT INTO etl.archived_file (path, table_name, month, rows, sha256) VALUES (%s, %s, %s, 0, '')
ON CONFLICT (path) DO NOTHING
"""
PATIENCE_SECONDS = 900.0
"""Dropping a month needs its facts and their dimensions alone for a moment. Analysts may hold them, by default, for
five minutes of a statement and five more without one (docs/locks.md)."""


@dataclass(frozen=True)
class Age:
    """`13m` or `90d`."""

    number: int
    unit: str

    @classmethod
    def parse(cls, text: str, unit: str) -> "Age":
        """Raises ConfigurationError unless `text` is a number and `unit` (m or d)."""
        if not re.fullmatch(rf"\d{{1,4}}{unit}", text):
            raise ConfigurationError(
                "--facts-older-than" if unit == "m" else "--raw-older-than",
                f"is not a number of {'months' if unit == 'm' else 'days'} such as 12{unit} (got {text!r})",
            )
        return cls(int(text[:-1]), unit)


def first_kept_month(today: date, months: int) -> date:
    """The first month that is kept: of those before, every day is more than `months` months ago."""
    index = today.year * 12 + today.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def remove_old(options: argparse.Namespace) -> int:
    """Do what the options of utilities.retention ask for; 1 where the person says no."""
    if options.facts_older_than is None and options.raw_older_than is None and not options.dead_letters:
        raise ConfigurationError("--facts-older-than", "or --raw-older-than or --dead-letters must be given")
    if options.facts_older_than is not None and not (options.archive or options.drop):
        raise ConfigurationError("--facts-older-than", "needs --archive DIR or --drop")
    if options.archive is not None and not options.archive.is_dir():
        raise ConfigurationError("--archive", f"{options.archive} is no directory")
    settings = EtlSettings.load()
    # A run that has lost the lock is abandoned, unless nothing changes: it may hold what is about to be removed.
    holder = Ledger(WarehouseLogin.of(settings, "retention"), changes=not options.dry_run)
    definitions = Definitions.of(settings, EnrichmentSettings.load())
    with holder as ledger, RawStore.connect() as main:
        stores = _RawStores(main)
        ledger.transaction(partial(definitions.refuse_others, among={TIME_ZONE}))
        months = _old_months(ledger, settings, options.facts_older_than)
        prefixes = _old_prefixes(ledger, stores, options.raw_older_than)
        letters = DeadLetterSettings.load() if options.dead_letters else None
        old_letters = old_dead_letters(letters) if letters else 0
        _print(months, prefixes, old_letters)
        if options.dry_run:
            return 0
        is_any = months or old_letters or any(prefix.documents or prefix.left for prefix in prefixes)
        if is_any and not options.yes and not _confirmed():
            print("nothing was removed")
            return 1
        if options.facts_older_than is not None and (rewritten := scrub_archives(ledger)):
            print(f"wrote {rewritten:,} archived files anew, of which the scrubber masks more than it did")
        for month, rows in months.items():
            _remove_month(ledger, month, rows, options.archive, settings.business_time_zone)
        if options.facts_older_than is not None:
            ledger.transaction(partial(_forget_removed, time_zone=settings.business_time_zone))
        if months:
            refresh_marts(ledger, even_if_fresh=True)
        _remove_raw(ledger, stores, prefixes)
        if letters and old_letters:
            expire_dead_letters(letters)
            print(f"{letters.dead_letter_topic}: emptied {old_letters:,} dead letters")
    return 0


def _old_months(ledger: Ledger, settings: EtlSettings, age: str | None) -> dict[date, dict[str, int]]:
    """Rows of each fact, by month that is old enough."""
    if age is None:
        return {}
    today = datetime.now(ZoneInfo(settings.business_time_zone)).date()
    kept = first_kept_month(today, Age.parse(age, "m").number)
    values = {"key": int(kept.strftime("%Y%m%d"))}
    months: dict[date, dict[str, int]] = {}
    counted = ledger.transaction(lambda connection: connection.execute(COUNT_MONTHS.encode(), values).fetchall())
    for month, fact, rows in counted:
        months.setdefault(date(month // 100, month % 100, 1), dict.fromkeys(FACTS, 0))[fact] = rows
    return months


def _remove_month(ledger: Ledger, month: date, rows: Mapping[str, int], directory: Path | None, time_zone: str) -> None:
    files: list[ArchivedFile] = []
    if directory is not None:
        place = directory.resolve()
        ledger.transaction(lambda connection: _announce(connection, month, rows, place))
        files = ledger.transaction(lambda connection: _archive(connection, month, rows, place))

    drop_month(ledger, month, rows, files, time_zone)
    kept = f", kept in {len(files)} files in {directory}" if files else ""
    print(f"{month:%Y-%m}: removed {sum(rows.values()):,} rows of {sum(map(bool, rows.values()))} facts{kept}")


def drop_month(
    ledger: Ledger, month: date, rows: Mapping[str, int], files: Sequence[ArchivedFile], time_zone: str
) -> None:
    """Drop the partitions of a month that has these rows, between readers, unlink what stays, and record its files.

    Raises what `Ledger.transaction` raises; TransientError where readers held them for longer than PATIENCE_SECONDS.
    """
    kept_from = (month + timedelta(days=31)).replace(day=1)

    def remove(connection: psycopg.Connection) -> None:
        connection.execute(BRIEF_LOCKS)
        unlink(connection, kept_from, time_zone)
        connection.execute("SELECT etl.remove_month(%s, %s)", [month, Jsonb(dict(rows))])
        for file in files:
            connection.execute(RECORD_FILE, [str(file.path), file.table, file.month, file.rows, file.sha256])

    ledger.transaction(remove, PATIENCE_SECONDS)


def _announce(connection: psycopg.Connection, month: date, rows: Mapping[str, int], directory: Path) -> None:
    """Before the first byte: a run that is killed leaves no file that forgetting a visitor does not know."""
    for fact in (fact for fact, count in rows.items() if count):
        connection.execute(ANNOUNCE_FILE, [str(archive_path(directory, fact, month)), fact, month])


def _forget_removed(connection: psycopg.Connection, time_zone: str) -> None:
    unlink_removed(connection, time_zone)
    unused = {dimension: rows for dimension, rows in delete_unused_members(connection).items() if rows}
    for dimension, rows in unused.items():
        print(f"{dimension}: removed {rows:,} members that nothing refers to")


def _archive(
    connection: psycopg.Connection, month: date, rows: Mapping[str, int], directory: Path
) -> list[ArchivedFile]:
    files = [archive_month(connection, fact, month, directory) for fact, count in rows.items() if count]
    for file in files:
        if file.rows != rows[file.table]:
            raise TerminalError(f"{file.table} has {file.rows} rows of {month:%Y-%m}, not {rows[file.table]}")
    return files


class _RawStores:
    """By topic, the collection that its events landed in: that of its feed, else the main one."""

    def __init__(self, main: RawStore) -> None:
        self._main = main
        self._of_feeds = {feed.topic: main.sibling(feed.collection) for feed in feeds_beside_main()}

    @property
    def address(self) -> str:
        """Of the server, which is the same for all."""
        return self._main.address

    def of(self, topic: str) -> RawStore:
        """The store of a topic."""
        return self._of_feeds.get(topic, self._main)


def _old_prefixes(ledger: Ledger, stores: _RawStores, age: str | None) -> list[OldPrefix]:
    if age is None:
        return []
    before = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=Age.parse(age, "d").number)
    kept = ledger.transaction(kept_raw)
    try:
        return [
            old_prefix(stores.of(topic), topic, partition, kept_from, loaded_until, before)
            for topic, partition, loaded_until, kept_from in kept
        ]
    except PyMongoError as error:
        raise raw_store_error(stores.address, error) from error


def _remove_raw(ledger: Ledger, stores: _RawStores, prefixes: list[OldPrefix]) -> None:
    """The ledger first: what it counts as gone and is still there is not counted, and is deleted by the next run."""

    ledger.transaction(partial(record_removed, prefixes=prefixes))
    try:
        for prefix in prefixes:
            until, store = prefix.until if prefix.documents else prefix.kept_from, stores.of(prefix.topic)
            if until:
                note_kept_from(store, prefix.topic, prefix.partition, until)
            deleted = delete_below(store, prefix.topic, prefix.partition, until)
            if deleted:
                print(f"{prefix.topic}:{prefix.partition}: deleted {deleted:,} raw events below offset {until}")
    except PyMongoError as error:
        raise raw_store_error(stores.address, error) from error


def _print(months: Mapping[date, Mapping[str, int]], prefixes: list[OldPrefix], letters: int) -> None:
    table = Table("what", "rows", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for month, rows in months.items():
        for fact, count in rows.items():
            table.add_row(f"{fact} of {month:%Y-%m}", f"{count:,}")
    for prefix in prefixes:
        place = f"raw events of {prefix.topic}:{prefix.partition}"
        table.add_row(f"{place} below {prefix.until}", f"{prefix.documents:,}")
        if prefix.left:
            table.add_row(f"{place} below {prefix.kept_from}, which count as removed", f"{prefix.left:,}")
    if letters:
        table.add_row("dead letters that are emptied", f"{letters:,}")
    if table.row_count:
        result_console().print(table)
    else:
        print("nothing is that old")


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise TerminalError("there is no terminal to ask on: give --yes to remove without asking")
    return input("remove all of this? Type yes: ").strip().lower() == "yes"
