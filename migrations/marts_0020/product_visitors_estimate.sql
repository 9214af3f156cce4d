-- One row per product viewed from the first to the last day: mart.product_visitors estimated from the daily sketches.
-- identity: (SELECT count(*) FROM mart.product_visitors_estimate(date '2015-01-01', date '2040-12-31'))
--   = (SELECT count(DISTINCT product_key) FROM fact_product_view_event WHERE visitor IS NOT NULL)
CREATE FUNCTION mart.product_visitors_estimate(first_day date, last_day date)
RETURNS TABLE (product_key bigint, product_id text, product_name text, visitors bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT member.product_key, member.product_id, member.product_name, merged.visitors
    FROM (
        SELECT product_key, round(hll_cardinality(hll_union_agg(visitors)))::bigint AS visitors
        FROM fact_product_visitors
        WHERE date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer
        GROUP BY product_key
    ) AS merged
    JOIN dim_product AS member ON member.product_key = merged.product_key;
END
