-- One row per day and country that a view of the run belongs to: its visitors are added to the sketch.
INSERT INTO fact_country_visitors AS known (date_key, country_key, visitors)
SELECT date_key, country_key, hll_add_agg(hll_hash_text(visitor::text) ORDER BY visitor)
FROM staging.resolved_event
WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail') AND visitor IS NOT NULL
GROUP BY date_key, country_key
ON CONFLICT (date_key, country_key) DO UPDATE
SET visitors = hll_union(known.visitors, excluded.visitors)
