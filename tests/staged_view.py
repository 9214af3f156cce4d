"""One product view, staged as Spark does it, without Spark."""

from hashlib import md5
from uuid import UUID

import psycopg

from spark.enrichment.settings import EnrichmentSettings
from spark.load import PartitionCounts, RunFigures, make_partitions, publish
from spark.product_pages import ProductDescription
from spark.ranges import TopicPartition
from spark.scope import Scope

DEVICE = "d"
VISITOR = UUID(bytes=md5(DEVICE.encode()).digest())
"""The view's visitor."""
DESCRIPTION = ProductDescription.of(EnrichmentSettings())
STAGED_EVENT = """
INSERT INTO staging.event (
    event_id, event_time, date_key, kind, product_id, store_id, device_id, visitor, bus_topic, bus_partition, bus_offset
) VALUES (
    md5('a view')::uuid, '2026-01-01 12:00Z', 20260101, 'view_product_detail', 'p', 's', 'd', md5('d')::uuid,
    'views', 0, 0
)
"""
STAGED_PRODUCT = "INSERT INTO staging.product (product_id, first_date) VALUES ('p', '2026-01-01')"


def publish_staged_view(connection: psycopg.Connection, run_id: int) -> None:
    """Stage the view and publish it as the run, in the connection's transaction."""
    for statement in (STAGED_EVENT, STAGED_PRODUCT):
        connection.execute(statement.encode())
    make_partitions(connection)
    counts = PartitionCounts("views", 0, 0, 1, landed=1, events=1)
    figures = RunFigures({TopicPartition("views", 0): counts}, staged={"event": 1, "product": 1})
    publish(connection, run_id, Scope(), figures, (), DESCRIPTION)
