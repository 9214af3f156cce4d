-- One row per day and referrer type that a view of the run belongs to: its visitors are added to the sketch.
INSERT INTO fact_referrer_type_visitors AS known (date_key, referrer_type, visitors)
SELECT date_key, referrer_type, hll_add_agg(hll_hash_text(visitor::text) ORDER BY visitor)
FROM staging.resolved_event
JOIN dim_referrer USING (referrer_key)
WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail') AND visitor IS NOT NULL
GROUP BY date_key, referrer_type
ON CONFLICT (date_key, referrer_type) DO UPDATE
SET visitors = hll_union(known.visitors, excluded.visitors)
