"""Search over the feeds' events: words, a range of time, exact values of fields that may be seen."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kafka.feeds.feed import Feed
from serving.query.parameters import Cursor, From, To, answer, epoch, make_cursor, read_cursor, refused
from serving.query.parts import Parts, Viewer
from serving.query.search_store import item

MOST_WORDS, LONGEST_WORD = 8, 100
_WILD, _ESCAPED = re.compile(r"[*?\\]"), r"\\\g<0>"
TAKEN = {"feed", "q", "from", "to", "limit", "cursor"}
NUMBERS = {"long", "integer", "double", "date"}
router = APIRouter(tags=["search"])


@router.get("/api/search", summary="Events of a feed, the newest first")
async def get_search(
    request: Request,
    parts: Parts,
    _: Viewer,
    feed: Annotated[str, Query(max_length=200, examples=["product_views"])] = "product_views",
    q: Annotated[str, Query(max_length=500, description="Words, each in some field of text")] = "",
    since: From = None,
    until: To = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 25,
    cursor: Cursor = None,
) -> Response:
    """Any other parameter is a field, for its exact value: `product_id=101122`. `fields` of the answer lists them.

    What is personal is neither searched nor shown; an identifier is a keyed hash.
    """
    of = parts.feed(feed)
    fields = parts.search.fields[of.name]
    exact = [(name, value) for name, value in request.query_params.multi_items() if name not in TAKEN]
    query = query_of(fields, q, exact, epoch(since, "from", 0), epoch(until, "to", 4_102_444_800))
    after = read_cursor(cursor)
    if after is not None and not (isinstance(after, list) and len(after) == 3):
        raise refused("cursor", "is of another list")
    found = (await parts.search.search(of, query, limit + 1, after))["hits"]
    hits = found["hits"]
    following = make_cursor(hits[limit - 1]["sort"]) if len(hits) > limit else None
    body = {"feed": of.name, "total": found["total"], "items": [item(hit) for hit in hits[:limit]]}
    return answer({**body, "next_cursor": following, "fields": _described(of, fields)})


def query_of(
    fields: dict[str, str], words: str, exact: list[tuple[str, str]], since: float, until: float
) -> dict[str, Any]:
    """The query: nothing of what was sent has a meaning to Elasticsearch beyond the text that is looked for."""
    filters: list[dict[str, Any]] = [
        {"range": {"@timestamp": {"gte": int(since * 1000), "lt": int(until * 1000), "format": "epoch_millis"}}}
    ]
    for name, value in exact:
        if name not in fields:
            raise refused(name[:100], f"is no field here; there are {', '.join(sorted(fields))}")
        filters.append({"term": {name: {"value": _value(name, value, fields[name])}}})
    texts = [name for name, kind in fields.items() if kind == "keyword"]
    split = words.split()
    if len(split) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in split):
        raise refused("q", f"is {MOST_WORDS} words at most, of {LONGEST_WORD} characters")
    for word in split:
        pattern = f"*{_WILD.sub(_ESCAPED, word)}*"
        anywhere = [{"wildcard": {name: {"value": pattern, "case_insensitive": True}}} for name in texts]
        filters.append({"bool": {"should": anywhere, "minimum_should_match": 1}})
    return {"bool": {"filter": filters}}


def _value(name: str, value: str, kind: str) -> str | float | bool:
    if len(value) > 2048:
        raise refused(name, "is too long")
    if kind == "boolean":
        if value not in ("true", "false"):
            raise refused(name, "is true or false")
        return value == "true"
    if kind in NUMBERS:
        if not re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", value):
            raise refused(name, "is a number")
        return float(value) if "." in value else int(value)
    return value


def _described(feed: Feed, fields: dict[str, str]) -> list[dict[str, Any]]:
    found = []
    for name, kind in fields.items():
        declared = feed.by_name.get(name)
        found.append(
            {
                "name": name,
                "type": {"keyword": "text", "date": "time", "long": "integer", "double": "number"}.get(kind, kind),
                "comment": declared.description if declared else None,
                "classification": declared.classification if declared else "internal",
            }
        )
    return found
