-- One row: mart.visitors estimated from the daily sketches: any range in milliseconds, standard error 2.3 %.
-- identity: (SELECT abs(guess.visitors - exact.visitors) <= 0.12 * exact.visitors
--   AND abs(guess.persons - exact.persons) <= 0.12 * exact.persons
--   AND abs(guess.bot_visitors - exact.bot_visitors) <= 0.12 * exact.bot_visitors
--   FROM mart.visitors_estimate(coalesce(to_date(nullif(etl.facts_kept_from(), 0)::text, 'YYYYMMDD'),
--   date '2015-01-01'), date '2040-12-31') AS guess,
--   mart.visitors(date '2015-01-01', date '2040-12-31') AS exact)
CREATE FUNCTION mart.visitors_estimate(first_day date, last_day date)
RETURNS TABLE (visitors bigint, persons bigint, bot_visitors bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(round(hll_cardinality(hll_union_agg(sketch.visitors) FILTER (WHERE NOT sketch.is_bot))), 0)::bigint,
           coalesce(round(hll_cardinality(hll_union_agg(sketch.persons) FILTER (WHERE NOT sketch.is_bot))), 0)::bigint,
           coalesce(round(hll_cardinality(hll_union_agg(sketch.visitors) FILTER (WHERE sketch.is_bot))), 0)::bigint
    FROM fact_referrer_type_visitors AS sketch
    WHERE sketch.date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer;
END
