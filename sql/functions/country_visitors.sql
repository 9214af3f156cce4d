-- One row per country of the store: who viewed a product from the first to the last day, counted exactly.
-- identity: (SELECT (coalesce(sum(visitors), 0)::bigint, coalesce(sum(persons), 0)::bigint,
--   coalesce(sum(bot_visitors), 0)::bigint)
--   FROM mart.country_visitors(date '2015-01-01', date '2040-12-31'))
--   = (SELECT (count(DISTINCT (coalesce(member.country_name, 'Unknown'), visitor)) FILTER (WHERE NOT is_bot),
--   count(DISTINCT (coalesce(member.country_name, 'Unknown'), person)) FILTER (WHERE NOT is_bot),
--   count(DISTINCT (coalesce(member.country_name, 'Unknown'), visitor)) FILTER (WHERE is_bot))
--   FROM fact_product_view_event JOIN dim_store AS member USING (country_key) WHERE visitor IS NOT NULL)
CREATE FUNCTION mart.country_visitors(first_day date, last_day date)
RETURNS TABLE (country_name text, visitors bigint, persons bigint, bot_visitors bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(member.country_name, 'Unknown') AS country_name,
           count(DISTINCT viewed.visitor) FILTER (WHERE NOT viewed.is_bot),
           count(DISTINCT viewed.person) FILTER (WHERE NOT viewed.is_bot),
           count(DISTINCT viewed.visitor) FILTER (WHERE viewed.is_bot)
    FROM (
        SELECT country_key, is_bot, visitor, person
        FROM fact_product_view_event
        WHERE date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer
        GROUP BY GROUPING SETS ((country_key, is_bot, visitor), (country_key, is_bot, person))
    ) AS viewed
    JOIN dim_store AS member ON member.country_key = viewed.country_key
    GROUP BY 1;
END
