-- Days whose sum of views in fact_daily_product_views is not their rows of fact_product_view_event.
-- severity: error
-- The daily rows outlive the months that retention removed.
SELECT count(*) AS observed,
       string_agg(format('%%s: %%s counted, %%s rows', date_key, counted, views), ', ') FILTER (WHERE place <= 3)
           AS detail
FROM (
    SELECT date_key, coalesce(counted, 0) AS counted, coalesce(views, 0) AS views, row_number() OVER () AS place
    FROM (
        SELECT date_key, sum(views) AS counted
        FROM fact_daily_product_views
        WHERE (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        GROUP BY date_key
    ) AS daily
    FULL JOIN (
        SELECT date_key, count(*) AS views
        FROM fact_product_view_event
        WHERE (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        GROUP BY date_key
    ) AS atomic USING (date_key)
    WHERE coalesce(counted, 0) <> coalesce(views, 0)
        AND date_key >= (SELECT etl.facts_kept_from())
) AS differing
