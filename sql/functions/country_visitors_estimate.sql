-- One row per country of the store: mart.country_visitors estimated from the daily sketches.
-- identity: (SELECT count(*) FROM mart.country_visitors_estimate(
--   coalesce(to_date(nullif(etl.facts_kept_from(), 0)::text, 'YYYYMMDD'), date '2015-01-01'), date '2040-12-31'))
--   = (SELECT count(*) FROM mart.country_visitors(date '2015-01-01', date '2040-12-31'))
CREATE FUNCTION mart.country_visitors_estimate(first_day date, last_day date)
RETURNS TABLE (country_name text, visitors bigint, persons bigint, bot_visitors bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(member.country_name, 'Unknown') AS country_name,
           coalesce(round(hll_cardinality(hll_union_agg(sketch.visitors) FILTER (WHERE NOT sketch.is_bot))), 0)::bigint,
           coalesce(round(hll_cardinality(hll_union_agg(sketch.persons) FILTER (WHERE NOT sketch.is_bot))), 0)::bigint,
           coalesce(round(hll_cardinality(hll_union_agg(sketch.visitors) FILTER (WHERE sketch.is_bot))), 0)::bigint
    FROM fact_country_visitors AS sketch
    JOIN dim_store AS member ON member.country_key = sketch.country_key
    WHERE sketch.date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer
    GROUP BY 1;
END
