"""The proof that an erasure left nothing, with another eye than the deletion's.

The deletion asks whose an event is, by fields and hashes of tables that it knows. The proof knows texts of the person
(`values.py`) and looks for them in every column of text, every keyword field, every byte, whatever it is called. A text
that landed events of other people hold as well, the name of a town or a stone, is no trace of this one in what is made
of all events, nor is a word of the warehouse's own; an address, a token or the id itself is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from bson.raw_bson import RawBSONDocument
from elasticsearch import Elasticsearch
from psycopg import sql
from pymongo.errors import PyMongoError

from config.kafka_client import ClientConfig
from kafka.dead_letter_reasons import EventError
from kafka.dead_letters.letter import read_dead_letters
from kafka.event_json import decode_event
from kafka.log_reader import read_to_end
from kafka.sinks.landed_documents import UNDECODED, as_sent, documents
from migrations.feed_facts import FEED_TABLES
from utilities.erasure.find import archived_files, is_visitors
from utilities.erasure.values import tells_of_a_person
from utilities.erasure.visitor import Visitor
from utilities.erasure.wanted import LONGEST_SHOP_NUMBER, Wanted, folded, is_number
from utilities.retention.month_archive import read_batches
from utilities.stores.raw_store import RawStore, raw_store_error

COLUMNS = """
SELECT space.nspname, class.relname,
       array_agg(attribute.attname::text ORDER BY attribute.attnum)
           FILTER (WHERE attribute.atttypid <> 'uuid'::regtype),
       array_agg(attribute.attname::text ORDER BY attribute.attnum)
           FILTER (WHERE attribute.atttypid = 'uuid'::regtype)
FROM pg_class AS class
JOIN pg_namespace AS space ON space.oid = class.relnamespace
JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attnum > 0 AND NOT attisdropped
WHERE class.relkind IN ('r', 'p', 'm') AND NOT class.relispartition
  AND space.nspname NOT IN ('pg_catalog', 'information_schema') AND space.nspname !~ '^pg_'
  AND attribute.atttypid = ANY(ARRAY['text', 'varchar', 'json', 'jsonb', 'uuid']::regtype[])
  AND has_schema_privilege(space.oid, 'USAGE') AND has_table_privilege(class.oid, 'SELECT')
GROUP BY 1, 2
ORDER BY 1, 2
"""
"""Tables, each with its columns of text and its UUIDs."""
VOCABULARY = {
    "dim_date": "iso_week, month_name, month_label, day_name, quarter_label",
    "dim_event_kind": "kind, step, page_type",
    "dim_store": "country_name, country_code, region, continent, time_zone",
    "dim_product": "category, category_group",
    "dim_referrer": "referrer_type, referrer_name",
    "dim_user_agent": "device_type",
    "dim_campaign": "click_id_kind",
    "dim_option_group WHERE option_group_key < 1": "choices",
    "dim_user": "age_group",
    "fact_purchase": "category",
    "fact_page_click": "device_type, referrer_type, referrer_name",
    "etl.definition": "name, value",
    "etl.quality_result": "check_name, severity, unit",
    "etl.repeatable": "name, kind",
}
"""Columns whose words are the warehouse's own, from its lists and settings, whatever anybody's events say."""
OF_NOBODY = {table.name for table in FEED_TABLES.values() if not table.is_of_users}
KEYWORD = "keyword"
LONGEST_FIELD, LONGEST_SOUGHT, LONGEST_PATTERN = 2_048, 100, 900
"""Characters of a field that Elasticsearch searches (`ignore_above`), of a text that it is asked for, since a pattern
takes time with the square of its length, and of a pattern, of which it takes 1,000."""
_NO_PART_OF_NUMBER = "[^0-9A-Za-z]"
_SMALL_SIGMAS = {"\u03c2", "\u03c3"}
"""One small letter at the end of a word and another within it are one capital."""
PIECE_BYTES = 131_072
"""Looked through at once: a text costs as much to look for in one document as in dozens."""


@dataclass(frozen=True)
class LandedTexts:
    """`left` documents with a text are nobody else's; `others` are the texts that others' events hold as well.

    Of these is no text that tells of a person without a name beside it (`_is_persons`).
    """

    left: int
    others: frozenset[str]


def in_warehouse(connection: psycopg.Connection, wanted: Wanted) -> dict[str, int]:
    """Rows with one of the texts or hashes, by table: of every table that the ETL's login may read.

    But for facts of feeds that are nobody's: a sensor may be called as somebody is.

    Text is read as it is and compared here, as in any other store: PostgreSQL's small letters are not Python's.
    """
    found = {}
    for schema, name, texts, uuids in connection.execute(COLUMNS).fetchall():
        if name in OF_NOBODY:
            continue
        table = sql.Identifier(schema, name)
        rows = _rows_of(connection, table, uuids or [], wanted)
        rows += _lines_of(connection, table, texts or [], wanted.with_hashes())
        if rows:
            found[f"{schema}.{name}"] = rows
    return found


def _rows_of(connection: psycopg.Connection, table: sql.Identifier, uuids: list[str], wanted: Wanted) -> int:
    """Rows with one of the hashes in a UUID, which holds no text."""
    if not (uuids and wanted.hashes):
        return 0
    each = sql.SQL("{} = ANY(%(hashes)s::uuid[])")
    holds = sql.SQL(" OR ").join(each.format(sql.Identifier(column)) for column in uuids)
    query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(table, holds)
    (rows,) = connection.execute(query, {"hashes": list(wanted.hashes)}).fetchone() or (0,)
    return int(rows)


def _lines_of(connection: psycopg.Connection, table: sql.Identifier, texts: list[str], wanted: Wanted) -> int:
    """Rows with one of the texts in a column of text."""
    if not (texts and wanted.texts):
        return 0
    columns = sql.SQL(", ").join(map(sql.Identifier, texts))
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(columns, table)
    with connection.cursor() as cursor, cursor.copy(query) as rows:
        pieces = _pieces(map(bytes, rows))
        return sum(sum(map(wanted.is_in, piece)) for piece in pieces if wanted.is_in(b"".join(piece)))


def _pieces(items: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The items, PIECE_BYTES and more of them at a time."""
    piece: list[bytes] = []
    size = 0
    for item in items:
        piece.append(item)
        size += len(item)
        if size >= PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def in_vocabulary(connection: psycopg.Connection, wanted: Wanted) -> frozenset[str]:
    """The texts that are words of the warehouse's own: a month, a country, a category, *Unknown*."""
    words = (
        connection.execute(f"SELECT DISTINCT concat_ws(E'\n', {columns}) FROM {table}".encode()).fetchall()
        for table, columns in VOCABULARY.items()
    )
    return wanted.held_in("\n".join(word for rows in words for (word,) in rows))


def in_raw_bytes(store: RawStore, wanted: Wanted) -> LandedTexts:
    """Which landed documents hold texts: every byte of the collection is read once."""
    left, others = 0, set[str]()
    try:
        for batch in store.batches() if wanted.texts else ():
            for raw in _holding(batch, wanted):
                if _is_of_others(as_sent(RawBSONDocument(raw, UNDECODED)), wanted):
                    others |= wanted.held_in(raw)
                else:
                    left += 1
    except PyMongoError as error:
        raise raw_store_error(store.address, error) from error
    return LandedTexts(left, frozenset(text for text in others if not _is_persons(text, wanted.visitor)))


def _holding(batch: bytes, wanted: Wanted) -> Iterator[bytes]:
    """The documents of a batch that hold one of the texts."""
    for piece in _pieces(batch[start:end] for start, end in documents(batch)):
        if wanted.is_in(b"".join(piece)):
            yield from filter(wanted.is_in, piece)


def _is_persons(text: str, visitor: Visitor) -> bool:
    """Whether nobody else has it, whose events may still say it: the id, an address, a card, a telephone, a token.

    A short number or a word is an id or a telephone by chance: others have that product or order, and mean it.
    """
    if is_number(text) and len(text) <= LONGEST_SHOP_NUMBER:
        return False
    if text == visitor.identity and not text.isalpha():
        return True
    return tells_of_a_person(text)


def in_keywords(client: Elasticsearch, alias: str, topics: Iterable[str], wanted: Wanted) -> int:
    """Documents of Elasticsearch with one of the texts in a field that can be searched, as the mapping lists them."""
    mappings = client.indices.get_mapping(index=alias, ignore_unavailable=True, allow_no_indices=True)
    fields = sorted({name for each in mappings.values() for name in _keywords(each["mappings"].get("properties", {}))})
    patterns = [_pattern(text) for text in wanted.texts if len(text) <= LONGEST_FIELD]
    holding = [
        {"regexp": {name: {"value": pattern, "case_insensitive": True, "max_determinized_states": 100_000}}}
        for name in fields
        for pattern in patterns
    ]
    found = 0
    for first in range(0, len(holding), 500):
        ours = {"terms": {"kafka.topic": sorted(topics)}}
        query = {"bool": {"filter": [ours], "should": holding[first : first + 500], "minimum_should_match": 1}}
        found += int(client.count(index=alias, query=query, ignore_unavailable=True)["count"])
    return found


def in_archived_files(connection: psycopg.Connection, wanted: Wanted) -> int:
    """Rows of archived files with one of the texts or hashes in whatever column of text."""
    paths, _ = archived_files(connection)
    return sum(_rows_with(batch, wanted) for path in paths for batch in read_batches(path))


def in_letters(config: ClientConfig, topic: str, wanted: Wanted) -> int:
    """Dead letters that hold one of the texts in their bytes, key, headers or detail, and are nobody else's."""
    return sum(
        any(map(wanted.is_in, (letter.key, letter.value, letter.detail.encode(), *_values(letter.headers))))
        and not _is_others(letter.value, wanted)
        for letter in read_dead_letters(config, topic)
    )


def on_the_bus(config: ClientConfig, topic: str, wanted: Wanted) -> int:
    """Records that hold one of the texts and are nobody else's: every byte of the topic is read."""
    return sum(
        (wanted.is_in(message.key()) or wanted.is_in(message.value())) and not _is_others(message.value(), wanted)
        for message in read_to_end(config, topic)
    )


def _is_others(value: bytes | None, wanted: Wanted) -> bool:
    """Whether the bytes are an event of somebody else; what is no event may be anybody's."""
    try:
        return not wanted.visitor.owns(decode_event(value))
    except EventError:
        return False


def _is_of_others(document: dict[str, Any], wanted: Wanted) -> bool:
    event = document.get("event")
    return isinstance(event, dict) and bool(event) and not wanted.visitor.owns(event)


def _keywords(properties: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, described in properties.items():
        if described.get("type") == KEYWORD:
            yield f"{prefix}{name}"
        yield from _keywords(described.get("properties", {}), f"{prefix}{name}.")


def _rows_with(batch: pa.RecordBatch, wanted: Wanted) -> int:
    """Rows of others have the device that they happened on as their visitor, rightly."""
    rows = is_visitors(batch, wanted.visitor)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_string(column.type):
            sought = wanted if name == "visitor" else wanted.with_hashes()
            holding = [text for text in column.unique().to_pylist() if sought.is_in(text)]
            if holding:
                rows = pc.or_(rows, pc.is_in(column, pa.array(holding, column.type)))
    return int(pc.sum(rows).as_py() or 0)


def _values(headers: Iterable[tuple[str, str | bytes | None]]) -> Iterator[bytes]:
    for _, value in headers:
        if value is not None:
            yield value.encode() if isinstance(value, str) else value


def _pattern(text: str) -> str:
    """A regular expression of Lucene for values that hold the text; of a long one the beginning, which tells enough."""
    spelled, room = "", LONGEST_PATTERN
    for character in text[:LONGEST_SOUGHT]:
        cases = _cases(character)
        # Of two lengths, as one small letter and two capitals, each doubles what Lucene has to keep apart.
        is_uneven = len({len(case) for case in cases}) > 1
        room -= LONGEST_PATTERN // 8 if is_uneven else sum(map(len, cases)) + len(cases) + 1
        if room < 0:
            return f".*{spelled}.*"
        spelled += f"({'|'.join(cases)})" if len(cases) > 1 else cases[0]
    if is_number(text) and len(text) <= LONGEST_SOUGHT:
        return f"(.*{_NO_PART_OF_NUMBER})?{text}({_NO_PART_OF_NUMBER}.*)?"
    return f".*{spelled}.*"


def _cases(character: str) -> list[str]:
    """The character as Lucene reads it, who knows both cases of ASCII's letters alone."""
    if character.isascii():
        return [character if character.isalnum() else f"\\{character}"]
    spelled = (character, character.lower(), character.upper(), character.title(), folded(character))
    cases = {each.lower() if each.isascii() else each for each in spelled}
    return sorted(cases | _SMALL_SIGMAS if cases & _SMALL_SIGMAS else cases)
