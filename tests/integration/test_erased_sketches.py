"""Whatever counts an erased person, also under a type that its referrer no longer has, is made anew without."""

from functools import partial

import pytest

from spark.ledger import Ledger
from spark.scope import Scope
from tests.empty_database import Database
from tests.staged_view import DESCRIPTION, DEVICE, VISITOR, publish_staged_view
from utilities.erasure.facts import erase_facts
from utilities.erasure.visitor import Visitor

pytestmark = pytest.mark.servers

# The same view of somebody else, which stays.
SOMEBODY_ELSE = """
WITH other AS (
    INSERT INTO fact_product_view_event
    SELECT (jsonb_populate_record(
        known, jsonb_build_object('event_id', md5('other')::uuid, 'visitor', md5('other')::uuid)
    )).*
    FROM fact_product_view_event AS known
    RETURNING visitor
)
UPDATE fact_referrer_type_visitors SET visitors = hll_add(visitors, hll_hash_text(other.visitor::text)) FROM other
"""
RECLASSIFIED = "UPDATE dim_referrer SET referrer_type = 'AI Assistant'"
# Loaded before the other view, which no run has counted.
DAILY = "SELECT referrer_type, device_type, views FROM fact_daily_product_views"
SKETCHES = "SELECT referrer_type, hll_cardinality(visitors)::integer FROM fact_referrer_type_visitors"


def test_sketches_and_daily_rows_forget_a_person_whose_referrer_was_reclassified(warehouse: Database) -> None:
    with Ledger(warehouse.login) as ledger, warehouse.connect() as owner:
        ledger.transaction(partial(publish_staged_view, run_id=ledger.start_run(Scope())))
        owner.execute(SOMEBODY_ELSE)
        assert owner.execute(SKETCHES).fetchall() == [("Unknown", 2)]
        assert owner.execute(DAILY).fetchall() == [("Unknown", "Unknown", 1)]
        owner.execute(RECLASSIFIED)
        ledger.transaction(lambda connection: erase_facts(connection, Visitor(DEVICE, VISITOR), [], DESCRIPTION))
        assert owner.execute(SKETCHES).fetchall() == [("AI Assistant", 1)]
        assert owner.execute(DAILY).fetchall() == [("AI Assistant", "Unknown", 1)]
