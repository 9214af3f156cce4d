-- One row per day, type of device and type of referrer with clicks of the feed click-events.
-- identity: (SELECT coalesce(sum(clicks + bot_clicks), 0) FROM mart.page_clicks) = (SELECT count(*) FROM fact_page_click)
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- device_type: Type of the device; Unknown where no user agent was sent
-- referrer_type: Type of the page that led there
-- clicks: Clicks of people
-- users: Distinct users among them, as far as clicks name one; not to be summed
-- bot_clicks: Clicks of robots
CREATE VIEW mart.page_clicks AS
SELECT date_key, day.date, device_type, referrer_type, count(*) FILTER (WHERE NOT is_bot) AS clicks,
       count(DISTINCT nullif(user_key, -1)) FILTER (WHERE NOT is_bot) AS users,
       count(*) FILTER (WHERE is_bot) AS bot_clicks
FROM fact_page_click
JOIN dim_date AS day USING (date_key)
GROUP BY date_key, day.date, device_type, referrer_type
