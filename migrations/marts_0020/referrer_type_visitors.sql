-- One row per type of referrer: the visitors, people and bots, from the first to the last day, counted exactly.
-- identity: (SELECT coalesce(sum(visitors), 0) FROM mart.referrer_type_visitors(date '2015-01-01', date '2040-12-31'))
--   = (SELECT count(DISTINCT (member.referrer_type, visitor)) FROM fact_product_view_event
--   JOIN dim_referrer AS member USING (referrer_key) WHERE visitor IS NOT NULL)
CREATE FUNCTION mart.referrer_type_visitors(first_day date, last_day date)
RETURNS TABLE (referrer_type text, visitors bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT member.referrer_type AS referrer_type, count(DISTINCT viewed.visitor) AS visitors
    FROM (
        SELECT referrer_key, visitor
        FROM fact_product_view_event
        WHERE date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer
        GROUP BY referrer_key, visitor
    ) AS viewed
    JOIN dim_referrer AS member ON member.referrer_key = viewed.referrer_key
    GROUP BY 1;
END
