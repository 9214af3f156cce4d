-- One row per product that an event which is taken out tells of.
INSERT INTO staging.touched_product (product_key)
SELECT product_key FROM staging.removed_event JOIN fact_event USING (event_id, event_time)
UNION
SELECT product_key FROM staging.removed_event JOIN etl.sent_order_line USING (event_id)
UNION
SELECT recommended_product_key FROM staging.removed_event JOIN fact_recommendation USING (event_id, event_time)
