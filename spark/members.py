"""The members of dimensions that the staged events name: told by PostgreSQL, described by small tasks of Spark.

A member is described once, however many events name it. A task reads its share of the members from staging, describes
each in Python, and copies the rows into staging.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import psycopg
import pyarrow as pa
from pyspark.sql import SparkSession

from config.settings import PROJECT_ROOT
from kafka.event_text import as_text
from spark.enrichment.product_url import PageRules
from spark.enrichment.referrer import normalize_referrer
from spark.enrichment.store import store_country
from spark.enrichment.user_agent import parse_user_agent
from spark.enrichment.web_address import parse_web_address
from spark.outages import explain, while_away
from spark.staging import StagingTarget, text_lines
from spark.warehouse import WarehouseLogin

STAGE_FOLDER = PROJECT_ROOT / "sql" / "stage"
PAGE = ("product_name", "language", "category", "category_path")
COUNTRY = ("country_name", "country_code", "region", "continent", "currency", "time_zone")
REFERRER = ("referrer_url", "referrer_domain", "referrer_type", "referrer_name")
DEVICE = ("device_type", "browser_info", "os", "is_bot")
# Characters of what a mart's unique index holds: a DNS name has at most 253, no browser or system that many.
LONGEST_DOMAIN = 253
LONGEST_DEVICE_NAME = 100
MEMBERS_AT_ONCE = 10_000
EVENTS_PER_TASK = 100_000
MOST_SHARES = 8
"""Each share looks at all of the staged events: more would cost more than they spare, and of what is few, any."""
TOLD = "table_name string, rows long"

Row = Sequence[object]
Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Members:
    """How the members of a dimension are read and described.

    `query` gives rows of text, and takes the number of shares and of one share where members are so `many` that tasks
    share them; `describe` makes of a row the text of each of `columns` of the staging table.
    """

    table: str
    query: str
    columns: tuple[str, ...]
    describe: Callable[..., Row]
    many: bool = True


def members(rules: PageRules) -> list[Members]:
    """The dimensions whose members are described in Python."""
    return [
        Members("referrer", _query("referrer"), ("referrer_hash", *REFERRER), partial(_referrer, rules.shop_domains)),
        Members("user_agent", _query("user_agent"), ("user_agent_hash", *DEVICE), _user_agent, many=False),
        Members("product", _query("product"), ("product_id", "page", *PAGE, "first_date"), partial(_page, rules)),
        Members(
            "store",
            _query("store"),
            ("store_id", *COUNTRY, "described_at", "described_by"),
            partial(_store, rules.shop_domains),
            many=False,
        ),
    ]


def describe_members(
    session: SparkSession, login: WarehouseLogin, run_id: int, rules: PageRules, events: int
) -> dict[str, int]:
    """Describe the members that some of the `events` staged name; the rows by staging table."""
    found = members(rules)
    shares = min(MOST_SHARES, max(1, -(-events // EVENTS_PER_TASK)))
    work = [(number, share) for number, each in enumerate(found) for share in range(shares if each.many else 1)]
    targets = [StagingTarget(login, run_id, each.table, each.columns) for each in found]

    def describe(indexes: Batches) -> Batches:
        for batch in indexes:
            for number, share in map(work.__getitem__, batch.column(0).to_pylist()):
                lines = described_lines(login, found[number], shares, share)
                copied = targets[number].copy(share, lines) if lines else 0
                yield pa.RecordBatch.from_pydict({"table_name": [found[number].table], "rows": [copied]})

    rows = dict.fromkeys((each.table for each in found), 0)
    for table, number in session.range(0, len(work), 1, len(work)).mapInArrow(describe, TOLD).collect():
        rows[table] += number
    return rows


def described_lines(login: WarehouseLogin, kind: Members, shares: int, share: int) -> list[pa.StringArray]:
    """A share of the members as lines of COPY, all where they are few; waits while PostgreSQL is away."""

    def read() -> list[pa.StringArray]:
        lines = []
        with login.connect() as connection, connection.cursor(name="members") as cursor:
            cursor.execute(kind.query.encode(), {"shares": shares, "share": share})
            while rows := cursor.fetchmany(MEMBERS_AT_ONCE):
                lines.append(text_lines(map(as_text, kind.describe(*row)) for row in rows))
        return lines

    doing = f"reading staging.event of {login.address}"
    try:
        return while_away(login.outage_seconds, doing)(read)
    except psycopg.Error as error:
        raise explain(error, doing) or error from None


def _query(name: str) -> str:
    return (STAGE_FOLDER / "members" / f"{name}.sql").read_text(encoding="utf-8")


def _referrer(shop_domains: tuple[str, ...], key: str, referrer: str) -> Row:
    found = normalize_referrer(referrer, shop_domains)
    domain = found.referrer_domain and found.referrer_domain[:LONGEST_DOMAIN]
    return (key, found.referrer_url, domain, found.referrer_type, found.referrer_name)


def _user_agent(key: str, user_agent: str) -> Row:
    found = parse_user_agent(user_agent)
    names = (getattr(found, name) for name in DEVICE[:-1])
    return (key, *(name and name[:LONGEST_DEVICE_NAME] for name in names), found.is_bot)


def _page(rules: PageRules, product_id: str | None, page: str | None, first_date: str) -> Row:
    found = rules.read(page)
    return (product_id, page, *(getattr(found, name, None) for name in PAGE), first_date)


def _store(shop_domains: tuple[str, ...], store_id: str, origin: str, *described: str) -> Row:
    found = store_country(store_id, parse_web_address(origin).host, shop_domains)
    return (store_id, *(getattr(found, name, None) for name in COUNTRY), *described)
