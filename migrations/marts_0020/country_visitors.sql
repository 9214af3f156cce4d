-- One row per country of the store: the visitors, people and bots, from the first to the last day, counted exactly.
-- identity: (SELECT coalesce(sum(visitors), 0) FROM mart.country_visitors(date '2015-01-01', date '2040-12-31'))
--   = (SELECT count(DISTINCT (coalesce(member.country_name, 'Unknown'), visitor)) FROM fact_product_view_event
--   JOIN dim_country AS member USING (country_key) WHERE visitor IS NOT NULL)
CREATE FUNCTION mart.country_visitors(first_day date, last_day date)
RETURNS TABLE (country_name text, visitors bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(member.country_name, 'Unknown') AS country_name, count(DISTINCT viewed.visitor) AS visitors
    FROM (
        SELECT country_key, visitor
        FROM fact_product_view_event
        WHERE date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer
        GROUP BY country_key, visitor
    ) AS viewed
    JOIN dim_country AS member ON member.country_key = viewed.country_key
    GROUP BY 1;
END
