-- One row per daily row that an erased view counted in; sql/load/070_fact_product_views.sql computes it anew.
DELETE FROM fact_product_views AS daily
USING (
    SELECT DISTINCT date_key, product_key, country_key, referrer_key, device_key
    FROM staging.resolved_event
    WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
) AS touched
WHERE (daily.date_key, daily.product_key, daily.country_key, daily.referrer_key, daily.device_key)
    = (touched.date_key, touched.product_key, touched.country_key, touched.referrer_key, touched.device_key)
