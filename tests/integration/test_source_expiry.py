"""A source that forgets what was mirrored, as every topic with a retention does: the numbers still reconcile."""

import time

import pytest
from confluent_kafka.admin import AdminClient

from tests.events import views
from tests.pipeline import Pipeline
from utilities.stores.bus_records import delete_records

pytestmark = pytest.mark.servers


def expire(pipeline: Pipeline, below: dict[int, int]) -> None:
    """Delete the records of the source below an offset of each partition, as its retention would."""
    admin = AdminClient(pipeline.source_client("admin", "source_admin_password"))
    delete_records(admin, pipeline.topic, below, "letting the source forget")


def test_what_expired_at_the_source_is_counted_by_its_copies(pipeline: Pipeline) -> None:
    for partition in range(3):
        pipeline.produce_events(views(10, first=10 * partition), partition=partition)
    pipeline.run("kafka.mirror")
    pipeline.run("kafka.landing")
    expire(pipeline, {1: 4, 2: 10})
    totals = pipeline.reconcile()["totals"]
    assert (totals["source"], totals["source_expired"], totals["mirrored"]) == (16, 14, 30)
    shown = pipeline.run("utilities.reconcile")
    assert "30 source and expired = 30 mirrored" in shown
    assert "16 at the source" in shown

    pipeline.produce_events(views(5, first=30), partition=2)
    behind = pipeline.reconcile()["behind"][f"{pipeline.topic}:2"]
    assert behind["mirror"] == 5
    pipeline.run("kafka.mirror")
    expire(pipeline, {2: 12})
    totals = pipeline.reconcile()["totals"]
    assert (totals["source"], totals["source_expired"], totals["mirrored"]) == (19, 16, 35)


def test_a_source_made_anew_with_less_in_it_still_reconciles(pipeline: Pipeline) -> None:
    for partition in range(3):
        pipeline.produce_events(views(4, first=10 * partition), partition=partition)
    pipeline.run("kafka.mirror")
    admin = AdminClient(pipeline.source_client("admin", "source_admin_password"))
    for partitions, taken in ((3, (12, 2)), (2, (14, 3))):
        admin.delete_topics([pipeline.topic])[pipeline.topic].result()
        time.sleep(1)
        pipeline.create_source_topic(partitions)
        time.sleep(1)
        pipeline.produce_events(views(taken[1], first=100 * taken[1]), partition=0)
        pipeline.run("kafka.mirror")
        pipeline.run("kafka.landing")
        totals = pipeline.reconcile()["totals"]
        assert (totals["source_former"], totals["source"], totals["mirrored"]) == (*taken, sum(taken))
