-- One row per day, referrer type and audience that a view of the run belongs to: who viewed is added to the sketches.
-- Sketches of a day that held a person who is another now are made anew from all its views, as referrers are typed now.
WITH renamed AS (
    SELECT DISTINCT date_key FROM staging.renamed_view
), viewed AS (
    SELECT date_key, referrer_type, is_bot, visitor, person
    FROM staging.resolved_event
    JOIN dim_referrer USING (referrer_key)
    WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
    UNION ALL
    SELECT date_key, referrer_type, is_bot, visitor, person
    FROM fact_product_view_event
    JOIN dim_referrer USING (referrer_key)
    JOIN renamed USING (date_key)
    WHERE date_key BETWEEN (SELECT min(date_key) FROM renamed) AND (SELECT max(date_key) FROM renamed)
)
INSERT INTO fact_referrer_type_visitors AS known (date_key, referrer_type, is_bot, visitors, persons)
SELECT date_key, referrer_type, is_bot,
       hll_add_agg(hll_hash_text(visitor::text) ORDER BY visitor, person),
       hll_add_agg(hll_hash_text(person::text) ORDER BY visitor, person)
FROM viewed
WHERE visitor IS NOT NULL
GROUP BY date_key, referrer_type, is_bot
ON CONFLICT (date_key, referrer_type, is_bot) DO UPDATE
SET visitors = hll_union(known.visitors, excluded.visitors), persons = hll_union(known.persons, excluded.persons)
