-- One row per day whose events are kept, type and domain of the referrer, campaign source and medium: its sessions.
-- identity: (SELECT coalesce(sum(sessions + bot_sessions), 0) FROM mart.referrer_campaign)
--   = (SELECT count(*) FROM fact_session WHERE date_key >= etl.facts_kept_from())
-- unique: date_key, referrer_type, referrer_domain, utm_source, utm_medium
-- date_key: Day on which the sessions began, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- referrer_type: Of the page that led to the first event: Search Engine, Social Media, Email, Internal, Direct, ...
-- referrer_domain: Registrable domain of that page, or (none)
-- utm_source: Campaign source of the session's first product view that names a campaign, or (none)
-- utm_medium: Campaign medium of that view, or (none)
-- sessions: Sessions of people
-- visitors: Visitors (devices) of people; not to be summed
-- persons: Persons; not to be summed
-- views: Their product views
-- sessions_with_cart: Sessions that put something into the cart
-- sessions_with_order: Sessions that placed an order
-- buyers: Persons who placed an order in these sessions; not to be summed
-- conversion: Sessions with an order / sessions
-- bot_sessions: Sessions of bots
CREATE MATERIALIZED VIEW materialized.referrer_campaign AS
WITH campaign AS (
    SELECT DISTINCT ON (session_id) session_id, seen.utm_source, seen.utm_medium
    FROM fact_product_view_event AS seen
    WHERE session_id IS NOT NULL AND (seen.utm_source IS NOT NULL OR seen.utm_medium IS NOT NULL)
    ORDER BY session_id, seen.event_time, seen.event_id
)
SELECT visit.date_key, day.date, referrer.referrer_type,
       coalesce(referrer.referrer_domain, '(none)') AS referrer_domain,
       coalesce(campaign.utm_source, '(none)') AS utm_source, coalesce(campaign.utm_medium, '(none)') AS utm_medium,
       count(*) FILTER (WHERE NOT visit.is_bot) AS sessions,
       count(DISTINCT visit.visitor) FILTER (WHERE NOT visit.is_bot) AS visitors,
       count(DISTINCT visit.person) FILTER (WHERE NOT visit.is_bot) AS persons,
       coalesce(sum(visit.views) FILTER (WHERE NOT visit.is_bot), 0)::bigint AS views,
       count(*) FILTER (WHERE NOT visit.is_bot AND visit.reached_cart) AS sessions_with_cart,
       count(*) FILTER (WHERE NOT visit.is_bot AND visit.reached_order) AS sessions_with_order,
       count(DISTINCT visit.person) FILTER (WHERE NOT visit.is_bot AND visit.reached_order) AS buyers,
       round(count(*) FILTER (WHERE NOT visit.is_bot AND visit.reached_order)::numeric
             / nullif(count(*) FILTER (WHERE NOT visit.is_bot), 0), 4) AS conversion,
       count(*) FILTER (WHERE visit.is_bot) AS bot_sessions
FROM fact_session AS visit
JOIN dim_date AS day USING (date_key)
JOIN dim_referrer AS referrer USING (referrer_key)
LEFT JOIN campaign USING (session_id)
WHERE visit.date_key >= etl.facts_kept_from()
GROUP BY visit.date_key, day.date, referrer.referrer_type, 4, 5, 6
