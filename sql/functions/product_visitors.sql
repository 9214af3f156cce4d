-- One row per product viewed from the first to the last day: who viewed it, counted exactly.
-- identity: (SELECT (coalesce(sum(visitors), 0)::bigint, coalesce(sum(persons), 0)::bigint,
--   coalesce(sum(bot_visitors), 0)::bigint)
--   FROM mart.product_visitors(date '2015-01-01', date '2040-12-31'))
--   = (SELECT (count(DISTINCT (product_key, visitor)) FILTER (WHERE NOT is_bot),
--   count(DISTINCT (product_key, person)) FILTER (WHERE NOT is_bot),
--   count(DISTINCT (product_key, visitor)) FILTER (WHERE is_bot))
--   FROM fact_product_view_event WHERE visitor IS NOT NULL)
CREATE FUNCTION mart.product_visitors(first_day date, last_day date)
RETURNS TABLE (
    product_key bigint, product_id text, product_name text, visitors bigint, persons bigint, bot_visitors bigint
)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT member.product_key, member.product_id, member.product_name, counted.visitors, counted.persons,
           counted.bot_visitors
    FROM (
        SELECT viewed.product_key, count(viewed.visitor) FILTER (WHERE NOT viewed.is_bot) AS visitors,
               count(viewed.person) FILTER (WHERE NOT viewed.is_bot) AS persons,
               count(viewed.visitor) FILTER (WHERE viewed.is_bot) AS bot_visitors
        FROM (
            SELECT product_key, is_bot, visitor, person
            FROM fact_product_view_event
            WHERE date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer
            GROUP BY GROUPING SETS ((product_key, is_bot, visitor), (product_key, is_bot, person))
        ) AS viewed
        GROUP BY viewed.product_key
    ) AS counted
    JOIN dim_product AS member ON member.product_key = counted.product_key;
END
