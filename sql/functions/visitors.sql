-- One row: who viewed a product from the first to the last day, counted exactly.
-- identity: (SELECT (visitors, persons, bot_visitors) FROM mart.visitors(date '2015-01-01', date '2040-12-31'))
--   = (SELECT (count(DISTINCT visitor) FILTER (WHERE NOT is_bot), count(DISTINCT person) FILTER (WHERE NOT is_bot),
--   count(DISTINCT visitor) FILTER (WHERE is_bot)) FROM fact_product_view_event)
CREATE FUNCTION mart.visitors(first_day date, last_day date)
RETURNS TABLE (visitors bigint, persons bigint, bot_visitors bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(viewed.visitor) FILTER (WHERE NOT viewed.is_bot),
           count(viewed.person) FILTER (WHERE NOT viewed.is_bot),
           count(viewed.visitor) FILTER (WHERE viewed.is_bot)
    FROM (
        SELECT is_bot, visitor, person
        FROM fact_product_view_event
        WHERE date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer
        GROUP BY GROUPING SETS ((is_bot, visitor), (is_bot, person))
    ) AS viewed;
END
