-- One row per product view of the visitor: a sketch cannot forget, so those that hold it are made anew.
INSERT INTO staging.renamed_view (date_key, product_key, country_key, referrer_key)
SELECT DISTINCT date_key, product_key, country_key, referrer_key
FROM staging.resolved_event
WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
