-- One row per product of a new view; those whose pages were read anew or loaded again are there already.
INSERT INTO staging.touched_product (product_key)
SELECT DISTINCT product_key
FROM staging.resolved_event
WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
