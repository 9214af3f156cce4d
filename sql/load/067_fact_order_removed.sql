-- One row per touched order, to be made anew with its lines.
DELETE FROM fact_order AS known USING staging.touched_order AS touched WHERE known.order_key = touched.order_key
