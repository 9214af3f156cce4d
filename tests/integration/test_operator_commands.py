"""What an operator runs beside the stages: counting, looking, emptying, and landing into another collection."""

import os
from unittest.mock import patch

import pytest

from spark.raw_store import RawStore
from spark.settings import EtlSettings
from tests.events import views
from tests.pipeline import Pipeline

pytestmark = pytest.mark.servers


def landed_for_the_etl(pipeline: Pipeline, **environment: str) -> int:
    """How many offsets the ETL would take for landed."""
    with patch.dict(os.environ, {**pipeline.environment, **environment}):
        return sum(RawStore.of(EtlSettings.load()).landed().values())


def test_each_collection_gets_every_event_and_emptying_one_leaves_the_other(pipeline: Pipeline) -> None:
    pipeline.produce_events(views(60))
    pipeline.run("kafka.mirror")
    other = {"MONGO_COLLECTION": f"other_{pipeline.name}"}
    pipeline.run("kafka.landing")
    assert landed_for_the_etl(pipeline, **other) == 0
    pipeline.run("kafka.landing", **other)
    with pipeline.raw() as collection:
        second = collection.database[other["MONGO_COLLECTION"]]
        assert (collection.count_documents({}), second.count_documents({})) == (60, 60)
        marked = landed_for_the_etl(pipeline, **other)
        assert marked == landed_for_the_etl(pipeline) >= 60

        refused = pipeline.attempt("utilities.delete_mongo_data", **other)
        assert refused.returncode == 1
        assert "--yes" in refused.stderr
        assert second.count_documents({}) == 60

        assert "deleted 60 documents" in pipeline.run("utilities.delete_mongo_data", "--yes", **other)
        assert (collection.count_documents({}), second.count_documents({})) == (60, 0)
        assert landed_for_the_etl(pipeline, **other) == 0
        assert landed_for_the_etl(pipeline) == marked

        pipeline.run("kafka.landing", **other)
        assert second.count_documents({}) == 60
        assert landed_for_the_etl(pipeline, **other) == marked
