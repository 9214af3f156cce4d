-- One row: the visitors, people and bots, who viewed a product from the first to the last day, counted exactly.
-- identity: mart.visitors(date '2015-01-01', date '2040-12-31')
--   = (SELECT count(DISTINCT visitor) FROM fact_product_view_event)
CREATE FUNCTION mart.visitors(first_day date, last_day date) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(visitor)
    FROM (
        SELECT visitor
        FROM fact_product_view_event
        WHERE date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer
        GROUP BY visitor
    ) AS visitor;
END
