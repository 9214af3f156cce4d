-- One row per product view of a touched visitor that is another person's now: sketches that hold it are made anew.
WITH moved AS (
    UPDATE fact_product_view_event AS known
    SET session_id = moved.session_id, person = moved.person
    FROM staging.session_event AS moved
    WHERE moved.is_moved AND known.event_id = moved.event_id AND known.date_key = moved.date_key
    RETURNING known.date_key, known.product_key, known.country_key, known.referrer_key, moved.is_renamed
)
INSERT INTO staging.renamed_view (date_key, product_key, country_key, referrer_key)
SELECT DISTINCT date_key, product_key, country_key, referrer_key FROM moved WHERE is_renamed
