-- One row per day whose events are kept, type and domain of the referrer, and campaign, of the last touch within 30
--   days that was not direct: the sessions that it led to, and their orders.
-- identity: (SELECT coalesce(sum(sessions + bot_sessions), 0) FROM mart.referrer_campaign)
--   = (SELECT count(*) FROM fact_session WHERE date_key >= etl.facts_kept_from())
--   AND (SELECT coalesce(sum(orders + bot_orders), 0) FROM mart.referrer_campaign)
--   = (SELECT count(*) FROM fact_order JOIN fact_session AS visit USING (session_id)
--   WHERE visit.date_key >= etl.facts_kept_from())
-- unique: date_key, referrer_type, referrer_domain, campaign_key
-- date_key: Day on which the sessions began, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- referrer_type: Of the page that the touch came from: Search Engine, Social Media, Email, AI Assistant, Other; of
--   sessions without a touch, of the page before their first event: Direct, Internal, Spam, Unknown
-- referrer_domain: Registrable domain of that page, or (none)
-- campaign_key: Campaign of the touch (dim_campaign); -2 where it names none
-- utm_source: Its source: utm_source, else the network of the click id; or (none)
-- utm_medium: Its medium, as the source; or (none)
-- utm_campaign: Its name, or (none)
-- utm_term: Its search term, or (none)
-- utm_content: Its content, or (none)
-- click_id_kind: The parameter that told the click, such as gclid, or (none)
-- sessions: Sessions of people
-- visitors: Visitors (devices) of people; not to be summed
-- persons: Persons; not to be summed
-- views: Their product views
-- sessions_with_cart: Sessions that put something into the cart
-- sessions_with_order: Sessions that placed an order
-- buyers: Persons who placed an order in these sessions; not to be summed
-- conversion: Sessions with an order / sessions
-- orders: Orders placed in the sessions
-- orders_without_revenue: Of these, orders that revenue lacks: the price or the currency of some line is unknown
-- revenue: By currency, {"EUR": 12.50}: currencies are not added; null without any. As rows: mart.campaign_revenue
-- bot_sessions: Sessions of bots
-- bot_orders: Orders placed in these
CREATE MATERIALIZED VIEW materialized.referrer_campaign AS
WITH visit AS (
    SELECT visit.*, referrer.referrer_type, coalesce(referrer.referrer_domain, '(none)') AS referrer_domain
    FROM fact_session AS visit
    JOIN dim_referrer AS referrer ON referrer.referrer_key = visit.touch_referrer_key
    WHERE visit.date_key >= etl.facts_kept_from()
),
visits AS (
    SELECT date_key, referrer_type, referrer_domain, campaign_key,
           count(*) FILTER (WHERE NOT is_bot) AS sessions,
           count(DISTINCT visitor) FILTER (WHERE NOT is_bot) AS visitors,
           count(DISTINCT person) FILTER (WHERE NOT is_bot) AS persons,
           coalesce(sum(views) FILTER (WHERE NOT is_bot), 0)::bigint AS views,
           count(*) FILTER (WHERE NOT is_bot AND reached_cart) AS sessions_with_cart,
           count(*) FILTER (WHERE NOT is_bot AND reached_order) AS sessions_with_order,
           count(DISTINCT person) FILTER (WHERE NOT is_bot AND reached_order) AS buyers,
           count(*) FILTER (WHERE is_bot) AS bot_sessions
    FROM visit
    GROUP BY date_key, referrer_type, referrer_domain, campaign_key
),
sold AS (
    SELECT visit.date_key, visit.referrer_type, visit.referrer_domain, visit.campaign_key, visit.is_bot,
           purchase.currency, count(*) AS orders, count(*) - count(purchase.revenue) AS orders_without_revenue,
           sum(purchase.revenue) AS revenue
    FROM visit
    JOIN fact_order AS purchase USING (session_id)
    GROUP BY visit.date_key, visit.referrer_type, visit.referrer_domain, visit.campaign_key, visit.is_bot,
             purchase.currency
),
sales AS (
    SELECT date_key, referrer_type, referrer_domain, campaign_key,
           sum(orders) FILTER (WHERE NOT is_bot) AS orders,
           sum(orders_without_revenue) FILTER (WHERE NOT is_bot) AS orders_without_revenue,
           jsonb_object_agg(currency, revenue) FILTER (WHERE NOT is_bot AND revenue IS NOT NULL) AS revenue,
           sum(orders) FILTER (WHERE is_bot) AS bot_orders
    FROM sold
    GROUP BY date_key, referrer_type, referrer_domain, campaign_key
)
SELECT date_key, day.date, referrer_type, referrer_domain, campaign_key,
       coalesce(campaign.source, '(none)') AS utm_source, coalesce(campaign.medium, '(none)') AS utm_medium,
       coalesce(campaign.campaign, '(none)') AS utm_campaign, coalesce(campaign.term, '(none)') AS utm_term,
       coalesce(campaign.content, '(none)') AS utm_content,
       coalesce(campaign.click_id_kind, '(none)') AS click_id_kind,
       visits.sessions, visits.visitors, visits.persons, visits.views, visits.sessions_with_cart,
       visits.sessions_with_order, visits.buyers,
       round(visits.sessions_with_order::numeric / nullif(visits.sessions, 0), 4) AS conversion,
       coalesce(sales.orders, 0)::bigint AS orders,
       coalesce(sales.orders_without_revenue, 0)::bigint AS orders_without_revenue, sales.revenue,
       visits.bot_sessions, coalesce(sales.bot_orders, 0)::bigint AS bot_orders
FROM visits
LEFT JOIN sales USING (date_key, referrer_type, referrer_domain, campaign_key)
JOIN dim_date AS day USING (date_key)
-- Of those that no campaign led to, none of its texts.
LEFT JOIN (SELECT * FROM dim_campaign WHERE campaign_key <> -2) AS campaign USING (campaign_key)
