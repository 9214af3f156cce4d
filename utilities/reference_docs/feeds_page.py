"""docs/feeds.md, made from the declarations of the feeds."""

from collections.abc import Iterable, Iterator

from kafka.feeds.checks import Field, utc
from kafka.feeds.feed import Feed
from migrations.feed_facts import FEED_TABLES

HEADER = """# The feeds

Each feed is declared once, in `config/feeds`, as an Open Data Contract (ODCS 3.1). A feed's events are JSON objects,
one a Kafka record. Fields that are not declared are kept and not searched. An event that breaks its declaration is
landed and indexed all the same, as those of the main feed are (which the ETL then judges by
[rules of its own](quality.md#rejected-events)); the other feeds' documents in Elasticsearch say it: `valid` is false,
and `broken_rules` names field and rule. Whose an event is, where that is required, may not be blank either
(`required`), and something has to tell events apart: API, search, live windows and ETL ask one validator.
[adding-a-feed.md](adding-a-feed.md) adds a feed.

An event that is sent again is a record of its own, and so a document of its own in MongoDB and Elasticsearch, which
name documents by place on the bus. Facts count it once, by its id, however much later it comes; in search, count events
by the cardinality of `event_id`, and take sums and means of one document an id.

`./millrace etl` loads `product_views` by Spark; `./millrace etl --feeds all`, or some of them, loads the others without
it: each feed in transactions of its own, from where the last one ended, judged by the declaration alone. What breaks it
is in `etl.rejected_feed_event`, with field, rule, value and what the event says of nobody, for `REJECTED_EVENT_DAYS`
(`./millrace rejected --feed click-events`). A feed that fails is told and stops no other. With `--full-refresh` all is
taken out and loaded again from MongoDB, and users keep their keys. What a table holds:
[data_dictionary.md](data_dictionary.md#the-other-feeds).

*Class* says what a field tells of a person: `personal` says who somebody is, and is not searched; an `identifier` names
a person or a device without saying who, and is searched by a keyed hash; `internal` and `public` tell of nobody.

*Derived*, in search and in the table: `age_group` (under 18, 18-24, 25-34, 35-44, 45-54, 55+, by `age`);
`total_amount` (`price` times `quantity`, as decimal numbers); `device` and `referrer`, which are type of device,
browser, system and robot, and type, name and domain of the referrer, by the functions of the warehouse's load
([enrichment.md](enrichment.md)).

This page is made by `./millrace feeds > docs/feeds.md`.
"""

_READINGS = {
    "text": "any JSON value, read as text",
    "any": "not judged",
    "epochSeconds": "a number, or text of one",
}


def feeds_page(feeds: Iterable[Feed]) -> str:
    """The page as Markdown."""
    return "\n".join([HEADER, *(line for feed in feeds for line in _section(feed))]).rstrip("\n") + "\n"


def _section(feed: Feed) -> Iterator[str]:
    yield f"## {feed.name}"
    yield ""
    yield f"{feed.title}, version {feed.version}, {feed.status}; owner: {feed.owner}. {feed.purpose} {feed.limitations}"
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| topic, its dead letters | `{feed.topic}`, `{feed.dead_letter_topic}` |"
    yield f"| collection, index | `{feed.collection}`, `{feed.index}` |"
    yield f"| an event's id, its time, its key | {_names(feed.event_id)}; `{feed.event_time}`; `{feed.key_field}` |"
    yield f"| whose it is | {f'`{feed.person_field}`' if feed.person_field else 'nobody'} |"
    yield f"| table of the warehouse | {_table(feed)} |"
    yield f"| derived | {_names(feed.derived_fields) or 'nothing'} |"
    for promise in feed.promises:
        yield f"| {promise.property} | {promise.value} {promise.unit}. {promise.description} |"
    yield ""
    yield "| field | type | rules | class | meaning |"
    yield "|---|---|---|---|---|"
    for field in feed.fields:
        rules = "; ".join(_rules(field))
        yield f"| `{field.name}` | {field.type} | {rules} | {field.classification} | {_cell(field.description)} |"
    yield ""


def _table(feed: Feed) -> str:
    if feed.is_main:
        return "`fact_event`, and those made of it"
    table = FEED_TABLES.get(feed.name)
    return f"`{table.name}`" if table else "none"


def _rules(field: Field) -> Iterator[str]:
    if field.required:
        yield "required"
    if field.reading != "strict":
        yield {"text": "any JSON value, read as text", "any": "not judged"}.get(
            field.reading, "a number, or text of one"
        )
    if field.format in ("email", "uuid", "uri", "ip"):
        yield field.format
    if field.minimum is not None:
        yield f"from {_bound(field, field.minimum)}"
    if field.maximum is not None:
        yield f"to {_bound(field, field.maximum)}"
    if field.min_length is not None or field.max_length is not None:
        most = "" if field.max_length is None else f"{field.max_length:,}"
        yield f"{field.min_length or 0} to {most} characters"
    if field.pattern is not None:
        yield f"`{_cell(field.pattern)}`"
    if field.values:
        yield "one of " + ", ".join(field.values)


def _bound(field: Field, bound: float) -> str:
    return utc(bound) if field.type == "timestamp" else f"{bound:,}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
