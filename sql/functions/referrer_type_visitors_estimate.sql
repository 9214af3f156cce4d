-- One row per type of referrer: mart.referrer_type_visitors estimated from the daily sketches.
-- identity: (SELECT count(*) FROM mart.referrer_type_visitors_estimate(
--   coalesce(to_date(nullif(etl.facts_kept_from(), 0)::text, 'YYYYMMDD'), date '2015-01-01'), date '2040-12-31'))
--   = (SELECT count(*) FROM mart.referrer_type_visitors(date '2015-01-01', date '2040-12-31'))
CREATE FUNCTION mart.referrer_type_visitors_estimate(first_day date, last_day date)
RETURNS TABLE (referrer_type text, visitors bigint, persons bigint, bot_visitors bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT sketch.referrer_type,
           coalesce(round(hll_cardinality(hll_union_agg(sketch.visitors) FILTER (WHERE NOT sketch.is_bot))), 0)::bigint,
           coalesce(round(hll_cardinality(hll_union_agg(sketch.persons) FILTER (WHERE NOT sketch.is_bot))), 0)::bigint,
           coalesce(round(hll_cardinality(hll_union_agg(sketch.visitors) FILTER (WHERE sketch.is_bot))), 0)::bigint
    FROM fact_referrer_type_visitors AS sketch
    WHERE sketch.date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer
    GROUP BY sketch.referrer_type;
END
