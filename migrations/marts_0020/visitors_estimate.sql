-- One row: mart.visitors estimated from the daily sketches: any range in milliseconds, standard error 2.3 %.
-- identity: (SELECT abs(mart.visitors_estimate(date '2015-01-01', date '2040-12-31') - count(DISTINCT visitor))
--   <= 0.12 * count(DISTINCT visitor) FROM fact_product_view_event)
CREATE FUNCTION mart.visitors_estimate(first_day date, last_day date) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(round(hll_cardinality(hll_union_agg(visitors))), 0)::bigint
    FROM fact_referrer_type_visitors
    WHERE date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer;
END
