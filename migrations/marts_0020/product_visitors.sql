-- One row per product viewed from the first to the last day: its visitors, people and bots, counted exactly.
-- identity: (SELECT coalesce(sum(visitors), 0) FROM mart.product_visitors(date '2015-01-01', date '2040-12-31'))
--   = (SELECT count(DISTINCT (product_key, visitor)) FROM fact_product_view_event WHERE visitor IS NOT NULL)
CREATE FUNCTION mart.product_visitors(first_day date, last_day date)
RETURNS TABLE (product_key bigint, product_id text, product_name text, visitors bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT member.product_key, member.product_id, member.product_name, counted.visitors
    FROM (
        SELECT viewed.product_key, count(viewed.visitor) AS visitors
        FROM (
            SELECT product_key, visitor
            FROM fact_product_view_event
            WHERE date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer
            GROUP BY product_key, visitor
        ) AS viewed
        GROUP BY viewed.product_key
    ) AS counted
    JOIN dim_product AS member ON member.product_key = counted.product_key;
END
