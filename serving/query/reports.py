"""Reports: the marts and some of the star, by filters, sorted, in pages or as CSV, with the SQL that answers."""

import hashlib
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

import psycopg
from fastapi import APIRouter, Header, Path, Query
from psycopg import sql
from starlette.responses import Response

from serving.problem import Code, Problem
from serving.query.csv_text import csv_text
from serving.query.parameters import JSON, Cursor, FirstDay, LastDay, encode, make_cursor, read_cursor, refused
from serving.query.parts import Parts, Viewer
from serving.query.report_list import MONTH, REPORTS, WEEK, Report, unit_of
from serving.query.warehouse import table_of

CSV = "text/csv"
MOST_CSV_ROWS = 100_000
# Of a mart the comment of its own column, of the star that of the column that it is taken from.
COLUMNS = """
SELECT relation.oid::regclass::text AS relation, attribute.attname AS column,
       format_type(attribute.atttypid, NULL) AS type, col_description(relation.oid, attribute.attnum) AS comment,
       obj_description(relation.oid) AS grain
FROM pg_class AS relation
JOIN pg_attribute AS attribute ON attribute.attrelid = relation.oid AND attribute.attnum > 0
WHERE relation.oid = ANY (%s::regclass[]) AND NOT attribute.attisdropped
ORDER BY relation.oid, attribute.attnum
"""
# What changes the marts: a run of the ETL, and an erasure, which is none.
VERSION = "SELECT (SELECT run_id FROM mart.freshness), (SELECT max(run_id) FROM etl.run WHERE status = 'finished')"
REFRESHED = "SELECT finished_at FROM mart.freshness"
TYPES = {
    "date": "date",
    "boolean": "boolean",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "numeric": "number",
    "double precision": "number",
    "timestamp with time zone": "time",
}
router = APIRouter(tags=["reports"])


@router.get("/api/reports", summary="Which reports there are, with their columns")
async def get_reports(parts: Parts, _: Viewer, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """The explicit list: nothing else of the warehouse is read by these addresses."""

    def work(connection: psycopg.Connection) -> list[dict[str, Any]]:
        refreshed = connection.execute(REFRESHED).fetchone()
        at = refreshed[0] if refreshed else None
        return [{**_described(connection, each), "refreshed_at": at} for each in REPORTS.values()]

    return tagged(encode({"reports": await parts.warehouse.do(work)}), JSON, if_none_match)


@router.get("/api/reports/{name}", summary="The rows of a report, as JSON or CSV")
async def get_report(
    parts: Parts,
    _: Viewer,
    name: Annotated[str, Path(max_length=100, examples=["daily_traffic"])],
    first: FirstDay = None,
    last: LastDay = None,
    store: Annotated[str | None, Query(max_length=100)] = None,
    bots: Annotated[Literal["exclude", "include", "only"] | None, Query()] = None,
    sort: Annotated[str | None, Query(max_length=100, description="A column; -column for descending")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Cursor = None,
    form: Annotated[Literal["json", "csv"] | None, Query(alias="format")] = None,
    accept: Annotated[str, Header()] = "",
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Days are included at both ends; robots are left out unless they are asked for. CSV has all rows at once,
    and is refused beyond 100,000."""
    report = REPORTS.get(name)
    if report is None:
        raise Problem(Code.NOT_FOUND, f"there is no report {name[:100]}; GET /api/reports has the list")
    asked = _filters(report, first, last, store, bots)
    as_csv = form == "csv" or (form is None and CSV in accept)
    if as_csv:
        body = await parts.warehouse.do(partial(_as_csv, report=report, asked=asked, sort=sort or report.sort))
        named = {"Content-Disposition": f'attachment; filename="{report.name}.csv"'}
        return tagged(body, f"{CSV}; charset=utf-8", if_none_match, named)
    work = partial(_page, report=report, asked=asked, sort=sort or report.sort, limit=limit, cursor=cursor)
    return tagged(encode(await parts.warehouse.do(work)), JSON, if_none_match)


def tagged(body: bytes, media_type: str, known: str | None, headers: dict[str, str] | None = None) -> Response:
    """The body, or 304 where the client has this very one."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    told = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept, Cookie", **(headers or {})}
    candidates = [each.strip().removeprefix("W/") for each in (known or "").split(",")]
    if tag in candidates or candidates == ["*"]:
        return Response(status_code=304, headers=told)
    return Response(body, 200, told, media_type)


def _filters(
    report: Report, first: date | None, last: date | None, store: str | None, bots: str | None
) -> dict[str, Any]:
    asked = {"from": first, "to": last, "store": store, "bots": bots}
    for name, value in asked.items():
        if value is not None and name not in report.filters:
            raise refused(name, f"is no filter of {report.name}, which has {', '.join(report.filters) or 'none'}")
    if report.audience and bots is None:
        asked["bots"] = "exclude"
    if first and last and first > last:
        raise refused("from", "is after to")
    return {name: value for name, value in asked.items() if value is not None}


def _described(connection: psycopg.Connection, report: Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "title": report.title,
        "grain": report.grain or _grain(connection, report),
        "definition": f"/definitions#{report.definition}",
        "chart": report.chart,
        "filters": report.filters,
        "sort": report.sort,
        "columns": _columns(connection, report),
    }


def _grain(connection: psycopg.Connection, report: Report) -> str | None:
    row = connection.execute("SELECT obj_description(%s::regclass)", [report.relation]).fetchone()
    return row[0] if row else None


def _columns(connection: psycopg.Connection, report: Report) -> list[dict[str, Any]]:
    empty = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(_relation(report)))
    described = empty.description or ()
    relations = list({f"public.{source.split('.')[0]}" for _, source in report.comments} or {report.relation})
    catalog = table_of(connection, COLUMNS, [relations]).dicts()
    comments = {(row["relation"].removeprefix("public."), row["column"]): row["comment"] for row in catalog}
    sources = dict(report.comments)
    found = []
    for column in described:
        relation, _, source = sources.get(column.name, f"{report.relation}.{column.name}").rpartition(".")
        told = {"name": column.name, "type": TYPES.get(_type_name(connection, column.type_code), "text")}
        comment = comments.get((relation, source)) or {"audience": "people, or bots"}.get(column.name)
        found.append({**told, "unit": unit_of(column.name), "comment": comment})
    return found


def _type_name(connection: psycopg.Connection, oid: int) -> str:
    info = connection.adapters.types.get(oid)
    return info.regtype if info else ""


def _relation(report: Report) -> sql.Composable:
    # It stands in our own list; nothing of a request is in it.
    return sql.SQL(report.relation)


def statement_of(report: Report, asked: dict[str, Any], columns: list[str], sort: str) -> sql.Composed:
    """The statement, with its values as literals: what is shown is what runs. Raises Problem for an unknown column."""
    name = sort.removeprefix("-")
    if name not in columns:
        raise refused("sort", f"is one of {', '.join(columns)}, or one of them with - before it")
    direction = sql.SQL("DESC NULLS LAST") if sort.startswith("-") else sql.SQL("ASC NULLS LAST")
    # All other columns after it: an order that is not whole would lose rows between two pages.
    rest = [sql.Identifier(each) for each in columns if each != name]
    order = sql.SQL(", ").join([sql.SQL("{} {}").format(sql.Identifier(name), direction), *rest])
    wanted = [*_conditions(report, asked)]
    where = sql.SQL("\nWHERE {}").format(sql.SQL(" AND ").join(wanted)) if wanted else sql.SQL("")
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("SELECT {}\nFROM {}{}\nORDER BY {}").format(names, _relation(report), where, order)


def _conditions(report: Report, asked: dict[str, Any]) -> list[sql.Composed]:
    found = []
    if report.day:
        day, unit = sql.Identifier(report.day), {MONTH: "month", WEEK: "week"}.get(report.day)
        for name, comparison in (("from", ">="), ("to", "<=")):
            if name in asked:
                value = sql.SQL("{}::date").format(sql.Literal(asked[name].isoformat()))
                if unit:
                    value = sql.SQL("date_trunc({}, {})::date").format(sql.Literal(unit), value)
                found.append(sql.SQL("{} {} {}").format(day, sql.SQL(comparison), value))
    if report.store and "store" in asked:
        found.append(sql.SQL("{} = {}").format(sql.Identifier(report.store), sql.Literal(asked["store"])))
    audience = {"exclude": "people", "only": "bots"}.get(asked.get("bots", ""))
    if report.audience and audience:
        found.append(sql.SQL("{} = {}").format(sql.Identifier(report.audience), sql.Literal(audience)))
    return found


def _page(
    connection: psycopg.Connection, report: Report, asked: dict[str, Any], sort: str, limit: int, cursor: str | None
) -> dict[str, Any]:
    told = _described(connection, report)
    version = list(connection.execute(VERSION).fetchone() or ())
    question = [report.name, sort, {name: str(value) for name, value in asked.items()}]
    offset = _offset(cursor, question, version)
    statement = statement_of(report, asked, [each["name"] for each in told["columns"]], sort)
    paged = sql.SQL("{}\nLIMIT {} OFFSET {}").format(statement, sql.Literal(limit + 1), sql.Literal(offset))
    rows = connection.execute(paged).fetchall()
    refreshed = connection.execute(REFRESHED).fetchone()
    return {
        **told,
        "rows": rows[:limit],
        "next_cursor": make_cursor([question, version, offset + limit]) if len(rows) > limit else None,
        "sql": statement.as_string(connection),
        "parameters": asked,
        "refreshed_at": refreshed[0] if refreshed else None,
    }


def _offset(cursor: str | None, question: list[Any], version: list[Any]) -> int:
    told = read_cursor(cursor)
    if told is None:
        return 0
    if not isinstance(told, list) or len(told) != 3 or told[0] != question:
        raise refused("cursor", "is of another question")
    if told[1] != version:
        raise Problem(Code.CURSOR_OUTDATED, "a run has changed the rows: begin again without a cursor")
    return int(told[2])


def _as_csv(connection: psycopg.Connection, report: Report, asked: dict[str, Any], sort: str) -> bytes:
    columns = [each["name"] for each in _columns(connection, report)]
    most = sql.Literal(MOST_CSV_ROWS + 1)
    statement = sql.SQL("{}\nLIMIT {}").format(statement_of(report, asked, columns, sort), most)
    rows = connection.execute(statement).fetchall()
    if len(rows) > MOST_CSV_ROWS:
        # Rows that are left out would be missed by nobody.
        fewer = "choose fewer days, or " if "from" in report.filters else ""
        raise refused("format", f"csv would have more than {MOST_CSV_ROWS:,} rows: {fewer}read JSON in pages")
    return csv_text(columns, rows)
