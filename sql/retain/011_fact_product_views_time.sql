-- One row per row of fact_product_views before the first kept day: when within its day it was seen goes. To the second,
-- views could be put back together to the sessions whose seconds are known.
UPDATE fact_product_views AS daily
SET first_view_time = day.begun,
    last_view_time = day.begun,
    avg_view_timestamp = day.begun,
    view_duration_seconds = 0
FROM (
    SELECT date_key, to_date(date_key::text, 'YYYYMMDD')::timestamp AT TIME ZONE %(time_zone)s AS begun
    FROM dim_date
    WHERE date_key BETWEEN 1 AND %(kept_from)s - 1
) AS day
WHERE daily.date_key = day.date_key
  AND (daily.first_view_time, daily.last_view_time, daily.avg_view_timestamp, daily.view_duration_seconds)
      IS DISTINCT FROM (day.begun, day.begun, day.begun, 0)
