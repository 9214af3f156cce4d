-- One row per day of an erased view and referrer type, as the referrers are typed now, of the views that others left.
INSERT INTO fact_referrer_type_visitors (date_key, referrer_type, visitors)
SELECT date_key, referrer_type, hll_add_agg(hll_hash_text(visitor::text) ORDER BY visitor)
FROM fact_product_view_event
JOIN dim_referrer USING (referrer_key)
JOIN (
    SELECT DISTINCT date_key
    FROM staging.resolved_event
    WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
) AS touched USING (date_key)
WHERE visitor IS NOT NULL AND date_key = ANY(%(days)s)
GROUP BY date_key, referrer_type
