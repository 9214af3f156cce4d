-- One row per day and country that an erased view belonged to and others still do.
INSERT INTO fact_country_visitors (date_key, country_key, visitors)
SELECT date_key, country_key, hll_add_agg(hll_hash_text(visitor::text) ORDER BY visitor)
FROM fact_product_view_event
JOIN (
    SELECT DISTINCT date_key, country_key
    FROM staging.resolved_event
    WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
) AS touched USING (date_key, country_key)
WHERE visitor IS NOT NULL AND date_key = ANY(%(days)s)
GROUP BY date_key, country_key
