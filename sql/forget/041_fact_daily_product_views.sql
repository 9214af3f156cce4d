-- One row per day, product and store of an erased view, whatever types it was counted with; 042 counts the others anew.
DELETE FROM fact_daily_product_views AS daily
USING (
    SELECT DISTINCT date_key, product_key, country_key
    FROM staging.resolved_event
    WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
) AS touched
WHERE (daily.date_key, daily.product_key, daily.country_key)
    = (touched.date_key, touched.product_key, touched.country_key)
