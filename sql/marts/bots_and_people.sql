-- One row per day whose events are kept and audience: what people did, and what bots did.
-- identity: (SELECT coalesce(sum(events), 0) FROM mart.bots_and_people) = (SELECT count(*) FROM fact_event)
-- unique: date_key, audience
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- audience: people, or bots: events whose user agent is a robot's
-- events: Events of any kind
-- views: Product views
-- visitors: Visitors (devices) with an event of any kind; not to be summed over days
-- persons: Persons with an event of any kind; not to be summed over days
-- events_per_visitor: Events with a visitor / visitors
-- share_of_events: Events / events of the day
-- share_of_views: Product views / product views of the day; null on a day without any
CREATE MATERIALIZED VIEW materialized.bots_and_people AS
WITH visitor_day AS (
    SELECT date_key, is_bot, visitor, person, grouping(visitor) = 0 AS is_by_visitor, count(*) AS events,
           count(*) FILTER (WHERE kind = 'view_product_detail') AS views
    FROM fact_event
    JOIN dim_event_kind USING (kind_key)
    GROUP BY GROUPING SETS ((date_key, is_bot, visitor), (date_key, is_bot, person))
), audience_day AS (
    SELECT date_key, is_bot, sum(events) FILTER (WHERE is_by_visitor)::bigint AS events,
           sum(views) FILTER (WHERE is_by_visitor)::bigint AS views, count(visitor) AS visitors,
           count(person) AS persons, sum(events) FILTER (WHERE visitor IS NOT NULL) AS events_of_visitors
    FROM visitor_day
    GROUP BY date_key, is_bot
)
SELECT date_key, day.date, CASE WHEN is_bot THEN 'bots' ELSE 'people' END AS audience, events, views, visitors, persons,
       round(events_of_visitors / nullif(visitors, 0), 2) AS events_per_visitor,
       round(events / sum(events) OVER of_day, 4) AS share_of_events,
       round(views / nullif(sum(views) OVER of_day, 0), 4) AS share_of_views
FROM audience_day
JOIN dim_date AS day USING (date_key)
WINDOW of_day AS (PARTITION BY date_key)
