-- One row per day and referrer type that an erased view belonged to and others still do.
INSERT INTO fact_referrer_type_visitors (date_key, referrer_type, visitors)
SELECT date_key, referrer_type, hll_add_agg(hll_hash_text(visitor::text) ORDER BY visitor)
FROM fact_product_view_event
JOIN dim_referrer USING (referrer_key)
JOIN (
    SELECT DISTINCT date_key, referrer_type
    FROM staging.resolved_event
    JOIN dim_referrer USING (referrer_key)
    WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
) AS touched USING (date_key, referrer_type)
WHERE visitor IS NOT NULL AND date_key = ANY(%(days)s)
GROUP BY date_key, referrer_type
