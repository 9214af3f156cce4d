-- Product views of a complete day against the median of that weekday in the 8 weeks before, as a factor up or down.
-- severity: warning
-- bound: 3 times
WITH newest AS (
    SELECT max(date_key) AS date_key FROM fact_product_views
),
complete_day AS (
    SELECT date_key, date
    FROM dim_date
    WHERE date_key < (SELECT date_key FROM newest)
        AND CASE
            WHEN %(days)s::integer[] IS NULL
                THEN date >= to_date((SELECT date_key FROM newest)::text, 'YYYYMMDD') - 7
            ELSE date_key = ANY(%(days)s)
        END
),
compared AS (
    SELECT complete_day.date_key, own.views, history.median, history.weeks,
           round((greatest(own.views, history.median) / greatest(least(own.views, history.median), 1))::numeric, 2)
               AS factor
    FROM complete_day
    CROSS JOIN LATERAL (
        SELECT count(*) AS views FROM fact_product_view_event AS view WHERE view.date_key = complete_day.date_key
    ) AS own
    CROSS JOIN LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY views) AS median, count(*) AS weeks
        FROM generate_series(1, 8) AS week
        CROSS JOIN LATERAL (
            SELECT count(*) AS views
            FROM fact_product_view_event AS view
            WHERE view.date_key = to_char(complete_day.date - 7 * week, 'YYYYMMDD')::integer
        ) AS earlier
        WHERE views > 0
    ) AS history
    WHERE history.weeks >= 4
)
SELECT max(factor) AS observed,
       coalesce(
           (array_agg(format('%%s: %%s views, median %%s', date_key, views, median) ORDER BY factor DESC))[1],
           'no complete day with 4 weeks of history'
       ) AS detail
FROM compared
