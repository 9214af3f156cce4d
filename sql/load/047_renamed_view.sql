-- One row per day and members of product views of a touched visitor that are another person's now: sketches that hold
-- them are made anew.
INSERT INTO staging.renamed_view (date_key, product_key, country_key, referrer_key)
SELECT DISTINCT date_key, product_key, country_key, referrer_key
FROM fact_product_view_event
JOIN staging.session_event USING (event_id, date_key)
WHERE is_renamed
