-- One row per product viewed from the first to the last day: mart.product_visitors estimated from the daily sketches.
-- identity: (SELECT count(*) FROM mart.product_visitors_estimate(
--   coalesce(to_date(nullif(etl.facts_kept_from(), 0)::text, 'YYYYMMDD'), date '2015-01-01'), date '2040-12-31'))
--   = (SELECT count(DISTINCT product_key) FROM fact_product_view_event WHERE visitor IS NOT NULL)
CREATE FUNCTION mart.product_visitors_estimate(first_day date, last_day date)
RETURNS TABLE (
    product_key bigint, product_id text, product_name text, visitors bigint, persons bigint, bot_visitors bigint
)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT member.product_key, member.product_id, member.product_name, coalesce(round(merged.visitors), 0)::bigint,
           coalesce(round(merged.persons), 0)::bigint, coalesce(round(merged.bot_visitors), 0)::bigint
    FROM (
        SELECT sketch.product_key,
               hll_cardinality(hll_union_agg(sketch.visitors) FILTER (WHERE NOT sketch.is_bot)) AS visitors,
               hll_cardinality(hll_union_agg(sketch.persons) FILTER (WHERE NOT sketch.is_bot)) AS persons,
               hll_cardinality(hll_union_agg(sketch.visitors) FILTER (WHERE sketch.is_bot)) AS bot_visitors
        FROM fact_product_visitors AS sketch
        WHERE sketch.date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer
        GROUP BY sketch.product_key
    ) AS merged
    JOIN dim_product AS member ON member.product_key = merged.product_key;
END
