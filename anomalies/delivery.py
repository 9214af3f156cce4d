"""Tells of incidents: once to the webhook, and each as it is now to Elasticsearch. What is away is caught up with."""

import html
import json
import logging
import time
from functools import partial
from typing import Any

import psycopg
from elasticsearch import ApiError, BadRequestError, Elasticsearch, TransportError
from elasticsearch.helpers import bulk

from anomalies.settings import AnomalySettings
from anomalies.store import AnomalyStore
from config.settings import PROJECT_ROOT
from kafka.sinks.elasticsearch import connect
from kafka.waiting import Waiting
from spark.alert import TOO_MANY_REQUESTS, Posted, offer

logger = logging.getLogger(__name__)

INDEX = "anomalies"
MAPPING = PROJECT_ROOT / "config" / "elasticsearch" / "anomalies-index.json"
AT_ONCE = 20
"""Incidents in one document of the webhook: a feed that stops has one for each of its series."""
INDEXED_AT_ONCE = 500
PAUSE_SECONDS = 60.0
"""After a webhook or an Elasticsearch that did not take it."""
NEWS_DAYS = 1
"""What began longer ago is no news (a first start finds what was in weeks), unless it is a silence that goes on."""
FIELDS = (
    *("anomaly_id", "feed", "metric", "dimension", "member", "kind", "last_window", "ended_at", "windows", "value"),
    *("expected", "lower", "upper", "score", "explanation", "state", "state_by", "state_at", "detected_at"),
)
UNPOSTED = f"""
SELECT anomaly_id, feed, metric, dimension, member, kind, explanation, score
FROM live.anomaly LEFT JOIN live.anomaly_delivery USING (anomaly_id)
WHERE posted_at IS NULL AND state = 'open'
  AND (started_at > now() - interval '{NEWS_DAYS} days' OR (kind = 'silence' AND ended_at IS NULL))
ORDER BY anomaly_id LIMIT {AT_ONCE}
"""
POSTED = """
INSERT INTO live.anomaly_delivery (anomaly_id, posted_at) SELECT unnest(%s::bigint[]), now()
ON CONFLICT (anomaly_id) DO UPDATE SET posted_at = excluded.posted_at
"""
UNINDEXED = f"""
SELECT md5(anomaly::text), started_at, {", ".join(FIELDS)}
FROM live.anomaly AS anomaly LEFT JOIN live.anomaly_delivery USING (anomaly_id)
WHERE indexed IS DISTINCT FROM md5(anomaly::text)
ORDER BY anomaly_id LIMIT {INDEXED_AT_ONCE}
"""
INDEXED = """
INSERT INTO live.anomaly_delivery (anomaly_id, indexed) SELECT * FROM unnest(%s::bigint[], %s::text[])
ON CONFLICT (anomaly_id) DO UPDATE SET indexed = excluded.indexed
"""


class Delivery:
    """Whom is told. Never raises but for the warehouse: what cannot be told now is told later."""

    def __init__(self, settings: AnomalySettings, store: AnomalyStore) -> None:
        self._settings = settings
        self._store = store
        user, password = settings.elasticsearch_indexer_user, settings.elasticsearch_indexer_password.get_secret_value()
        self._client = connect(settings, user, password, 1).options(request_timeout=10)
        self._waiting = Waiting(logger, "incidents wait for Elasticsearch")
        self._not_before = {"webhook": 0.0, "index": 0.0}
        self._has_index = False

    def tell(self) -> None:
        """Tell of everything that was not told; what fails is tried again after a pause."""
        now = time.monotonic()
        if now >= self._not_before["webhook"] and not self._post():
            self._not_before["webhook"] = now + PAUSE_SECONDS
        if now >= self._not_before["index"] and not self._index():
            self._not_before["index"] = now + PAUSE_SECONDS

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def _post(self) -> bool:
        """Whether the webhook has all; a crash between its answer and our note of it tells it once more."""
        if not self._settings.alert_webhook_url.get_secret_value():
            return True
        while rows := self._store.transaction(unposted):
            posted = offer(self._settings, document(rows))
            if posted is Posted.REFUSED and len(rows) > 1:
                # One of them is what it does not take, and must not hold up the others.
                rows = rows[:1]
                posted = offer(self._settings, document(rows))
            if posted is Posted.REFUSED:
                logger.warning("the webhook refused an incident, it is not told again anomaly_id=%d", rows[0][0])
            elif posted is Posted.NOT_YET:
                return False
            self._store.transaction(partial(_note, POSTED, [[row[0] for row in rows]]))
        return True

    def _index(self) -> bool:
        try:
            while rows := self._store.transaction(unindexed):
                self._ensure_index()
                _, errors = bulk(self._client, [action(row) for row in rows], raise_on_error=False)
                waiting, refused = failures(errors)
                for number, reason in refused.items():
                    logger.warning("Elasticsearch refused an incident anomaly_id=%d reason=%s", number, reason)
                over = [row for row in rows if row["anomaly_id"] not in waiting]
                told = [[row["anomaly_id"] for row in over], [row["md5"] for row in over]]
                self._store.transaction(partial(_note, INDEXED, told))
                if waiting:
                    self._waiting.because(next(iter(waiting.values())))
                    return False
        except (ApiError, TransportError) as error:
            self._waiting.because(" ".join(str(error).split())[:200])
            return False
        self._waiting.over()
        return True

    def _ensure_index(self) -> None:
        if not self._has_index:
            ensure_index(self._client)
            self._has_index = True


def ensure_index(client: Elasticsearch) -> None:
    """Make the index where it is not."""
    if not client.indices.exists(index=INDEX):
        described: dict[str, Any] = json.loads(MAPPING.read_text())
        try:
            client.indices.create(index=INDEX, **described)
        except BadRequestError as error:
            if error.error != "resource_already_exists_exception":
                raise


def unposted(connection: psycopg.Connection) -> list[Any]:
    """Incidents of the last day that the webhook was not told of."""
    return list(connection.execute(UNPOSTED.encode()).fetchall())


def _note(statement: str, told: list[Any], connection: psycopg.Connection) -> None:
    connection.execute(statement.encode(), told)


def unindexed(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Incidents that Elasticsearch does not have as they are now: found, gone on, ended, or judged by people."""
    rows = connection.execute(UNINDEXED.encode()).fetchall()
    return [dict(zip(("md5", "@timestamp", *FIELDS), row, strict=True)) for row in rows]


def action(row: dict[str, Any]) -> dict[str, Any]:
    """A document under the incident's number: written twice it is the same."""
    source = {name: value for name, value in row.items() if name != "md5" and value is not None}
    return {"_index": INDEX, "_id": row["anomaly_id"], "_source": source}


def failures(errors: Any) -> tuple[dict[int, str], dict[int, str]]:
    """Of a bulk request by incident, and why: what may be taken later, and what never will be as it is.

    What is refused counts as told, until the incident changes: it must not hold up the others.
    """
    waiting: dict[int, str] = {}
    refused: dict[int, str] = {}
    for error in errors:
        (answer,) = error.values()
        may_pass = answer["status"] == TOO_MANY_REQUESTS or answer["status"] >= 500
        (waiting if may_pass else refused)[int(answer["_id"])] = " ".join(str(answer.get("error")).split())[:200]
    return waiting, refused


def document(rows: list[Any]) -> dict[str, Any]:
    """What is posted: `text` for people as Slack reads it, and the same as fields."""
    names = ("anomaly_id", "feed", "metric", "dimension", "member", "kind", "explanation", "score")
    told = [dict(zip(names, row, strict=True)) for row in rows]
    lines = [f"{each['kind']}: {html.escape(each['explanation'], quote=False)}" for each in told]
    return {"text": "\n".join(["Millrace: unusual windows", *lines]), "status": "anomaly", "anomalies": told}
