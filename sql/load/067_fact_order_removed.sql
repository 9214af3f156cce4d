-- One row per touched order, to be made anew with its lines; of one whose first events retention removed it is kept.
DELETE FROM fact_order AS known
USING staging.touched_order AS touched
WHERE known.order_key = touched.order_key AND known.date_key >= (SELECT etl.facts_kept_from())
