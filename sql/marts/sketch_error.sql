-- One row per month: its visitors (people) counted exactly and estimated from the sketches, with the error measured.
-- identity: (SELECT coalesce(sum(visitors), 0) FROM mart.sketch_error) = (SELECT count(*) FROM (
--   SELECT DISTINCT date_key / 100, visitor FROM fact_product_view_event WHERE visitor IS NOT NULL
--   AND NOT is_bot) AS visitor_month)
-- unique: month
-- month: First day of the month, in the business time zone
-- visitors: Visitors (devices) of people who viewed a product, counted exactly; null for an archived month
-- estimate: The same from the daily sketches, merged
-- error_percent: (Estimate - visitors) / visitors x 100
-- expected_error_percent: Relative standard error of the sketch: two thirds of all errors are smaller
CREATE MATERIALIZED VIEW materialized.sketch_error AS
WITH counted AS (
    SELECT month, count(visitor) AS visitors
    FROM (
        SELECT date_key / 100 AS month, visitor FROM fact_product_view_event WHERE NOT is_bot
        GROUP BY date_key / 100, visitor
    ) AS visitor_month
    GROUP BY month
), estimated AS (
    SELECT date_key / 100 AS month, round(hll_cardinality(hll_union_agg(visitors)))::bigint AS estimate
    FROM fact_referrer_type_visitors
    WHERE NOT is_bot
    GROUP BY date_key / 100
)
SELECT to_date(month::text, 'YYYYMM') AS month, counted.visitors, estimated.estimate,
       round(100 * (estimated.estimate - counted.visitors)::numeric / nullif(counted.visitors, 0), 2)
           AS error_percent,
       2.30 AS expected_error_percent
FROM counted
FULL JOIN estimated USING (month)
