-- One row per type of referrer: who viewed a product from the first to the last day, counted exactly.
-- identity: (SELECT (coalesce(sum(visitors), 0)::bigint, coalesce(sum(persons), 0)::bigint,
--   coalesce(sum(bot_visitors), 0)::bigint)
--   FROM mart.referrer_type_visitors(date '2015-01-01', date '2040-12-31'))
--   = (SELECT (count(DISTINCT (member.referrer_type, visitor)) FILTER (WHERE NOT is_bot),
--   count(DISTINCT (member.referrer_type, person)) FILTER (WHERE NOT is_bot),
--   count(DISTINCT (member.referrer_type, visitor)) FILTER (WHERE is_bot))
--   FROM fact_product_view_event JOIN dim_referrer AS member USING (referrer_key) WHERE visitor IS NOT NULL)
CREATE FUNCTION mart.referrer_type_visitors(first_day date, last_day date)
RETURNS TABLE (referrer_type text, visitors bigint, persons bigint, bot_visitors bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT member.referrer_type,
           count(DISTINCT viewed.visitor) FILTER (WHERE NOT viewed.is_bot),
           count(DISTINCT viewed.person) FILTER (WHERE NOT viewed.is_bot),
           count(DISTINCT viewed.visitor) FILTER (WHERE viewed.is_bot)
    FROM (
        SELECT referrer_key, is_bot, visitor, person
        FROM fact_product_view_event
        WHERE date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer
        GROUP BY GROUPING SETS ((referrer_key, is_bot, visitor), (referrer_key, is_bot, person))
    ) AS viewed
    JOIN dim_referrer AS member ON member.referrer_key = viewed.referrer_key
    GROUP BY 1;
END
