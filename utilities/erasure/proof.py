"""The proof that an erasure left nothing, with another eye than the deletion's.

The deletion asks whose an event is, by fields and hashes of tables that it knows. The proof knows texts of the person
(`values.py`) and looks for them in every column of text, every keyword field, every byte, whatever it is called. A text
that landed events of other people hold as well, the name of a town or a stone, is no trace of this one in what is made
of all events; an address, a token or the id itself is.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, NamedTuple

import bson
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from elasticsearch import Elasticsearch
from psycopg import sql
from pymongo.errors import PyMongoError

from config.kafka_client import ClientConfig
from kafka.dead_letter_reasons import EventError
from kafka.dead_letters.letter import read_dead_letters
from kafka.event_json import decode_event
from kafka.log_reader import read_to_end
from kafka.scrubbing.scrub import scrubbed_text
from kafka.sinks.landed_documents import UNDECODED, as_sent
from utilities.erasure.find import archived_files, is_visitors
from utilities.erasure.visitor import Visitor
from utilities.retention.month_archive import read_batches
from utilities.stores.raw_store import RawStore, raw_store_error

TEXT_COLUMNS = """
SELECT space.nspname, class.relname, array_agg(attribute.attname::text ORDER BY attribute.attnum)
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
KEYWORD = "keyword"
# Characters that bytes hold in one way, but for the case of letters.
_PLAIN = re.compile(r"[ !#-.0-\[\]-~]+")


class Spelling(NamedTuple):
    """How bytes hold a text once letters of ASCII are small; `plain`, its longest part of one spelling, tells fast."""

    text: str
    plain: bytes
    pattern: re.Pattern[bytes]


@dataclass(frozen=True)
class Wanted:
    """What is looked for: texts in whatever case; `hashes` in the warehouse and its archives alone."""

    visitor: Visitor
    texts: Sequence[str]
    hashes: Sequence[str] = field(default=())

    @cached_property
    def _spellings(self) -> list[Spelling]:
        return [_spelling_of(text) for text in self.texts]

    def held_in(self, content: bytes | None) -> frozenset[str]:
        """The texts that the bytes hold, in whatever case, as they are or as JSON spells them."""
        lowered = (content or b"").lower()
        found = (each for each in self._spellings if each.plain in lowered and each.pattern.search(lowered))
        return frozenset(each.text for each in found)

    def is_in(self, content: bytes | None) -> bool:
        """Whether the bytes hold one of the texts."""
        lowered = (content or b"").lower()
        return any(each.plain in lowered and each.pattern.search(lowered) for each in self._spellings)

    def without(self, texts: Collection[str]) -> "Wanted":
        """The same without these texts."""
        return replace(self, texts=[text for text in self.texts if text not in texts]) if texts else self


@dataclass(frozen=True)
class LandedTexts:
    """`left` documents with a text are nobody else's; `others` are the texts that others' events hold as well.

    Of these is no text that tells of a person without a name beside it, nor the visitor's id.
    """

    left: int
    others: frozenset[str]


def in_warehouse(connection: psycopg.Connection, wanted: Wanted) -> dict[str, int]:
    """Rows with one of the texts or hashes, by table: of every table that the ETL's login may read."""
    patterns = [f"%{_escaped(text.lower())}%" for text in (*wanted.texts, *wanted.hashes)]
    found = {}
    for schema, table, columns in connection.execute(TEXT_COLUMNS).fetchall() if patterns else []:
        holds = sql.SQL(" OR ").join(
            sql.SQL("lower({}::text) LIKE ANY(%(patterns)s)").format(sql.Identifier(column)) for column in columns
        )
        query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(sql.Identifier(schema, table), holds)
        (rows,) = connection.execute(query, {"patterns": patterns}).fetchone() or (0,)
        if rows:
            found[f"{schema}.{table}"] = int(rows)
    return found


def in_raw_bytes(store: RawStore, wanted: Wanted) -> LandedTexts:
    """Which landed documents hold texts: every byte of the collection is read once."""
    left, others = 0, set[str]()
    try:
        for batch in store.batches() if wanted.texts else ():
            for document in bson.decode_all(batch, UNDECODED) if wanted.is_in(batch) else ():
                if held := wanted.held_in(bytes(document.raw)):
                    if _is_of_others(as_sent(document), wanted):
                        others |= held
                    else:
                        left += 1
    except PyMongoError as error:
        raise raw_store_error(store.address, error) from error
    return LandedTexts(left, frozenset(text for text in others if not _is_persons(text, wanted.visitor)))


def _is_persons(text: str, visitor: Visitor) -> bool:
    """Whether nobody else has it, whose events may still say it: the id, an address, a card, a telephone, a token."""
    return text == visitor.identity or any(scrubbed_text(each) != each for each in (text, f"tel {text}"))


def in_keywords(client: Elasticsearch, alias: str, topics: Iterable[str], wanted: Wanted) -> int:
    """Documents of Elasticsearch with one of the texts in a field that can be searched, as the mapping lists them."""
    mappings = client.indices.get_mapping(index=alias, ignore_unavailable=True, allow_no_indices=True)
    fields = sorted({name for each in mappings.values() for name in _keywords(each["mappings"].get("properties", {}))})
    holding = [
        {"wildcard": {name: {"value": f"*{_wild(text)}*", "case_insensitive": True}}}
        for name in fields
        for text in wanted.texts
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


def _spelling_of(text: str) -> Spelling:
    plain = max(_PLAIN.findall(text), key=len, default="")
    return Spelling(text, plain.lower().encode(), re.compile(b"".join(map(_spelled, text))))


@cache
def _spelled(character: str) -> bytes:
    """A character in either case, as it is and as JSON escapes it."""
    if _PLAIN.fullmatch(character):
        return re.escape(character.lower().encode())
    cases = {character, character.lower(), character.upper(), character.title()}
    as_json = (json.dumps(each, ensure_ascii=is_ascii)[1:-1] for each in cases for is_ascii in (True, False))
    spelled = {each.encode("utf-8", "replace").lower() for each in (*cases, *as_json)}
    return b"(?:%b)" % b"|".join(map(re.escape, sorted(spelled, reverse=True)))


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
            for text in wanted.texts if name == "visitor" else (*wanted.texts, *wanted.hashes):
                found = pc.match_substring(column, text, ignore_case=True)
                rows = pc.or_(rows, pc.fill_null(found, False))
    return int(pc.sum(rows).as_py() or 0)


def _values(headers: Iterable[tuple[str, str | bytes | None]]) -> Iterator[bytes]:
    for _, value in headers:
        if value is not None:
            yield value.encode() if isinstance(value, str) else value


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _wild(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
