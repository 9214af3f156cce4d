-- One row per day, audience, type and domain of the referrer and campaign of the last touch within 30 days that was not
--   direct, and currency, with an order.
-- identity: (SELECT (coalesce(sum(orders), 0)::bigint, coalesce(sum(items), 0)) FROM mart.campaign_revenue)
--   = (SELECT (count(*), coalesce(sum(items), 0)) FROM fact_order)
-- date_key: Day of the orders, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- audience: people, or bots: orders whose user agent is a robot's or whose referrer is spam
-- referrer_type: Of the page that the touch came from, as in mart.referrer_campaign
-- referrer_domain: Registrable domain of that page, or (none)
-- campaign_key: Campaign of the touch (dim_campaign); -2 where it names none
-- utm_source: Its source: utm_source, else the network of the click id; or (none)
-- utm_medium: Its medium, as the source; or (none)
-- utm_campaign: Its name, or (none)
-- click_id_kind: The parameter that told the click, such as gclid, or (none)
-- currency: ISO 4217; Unknown where the lines of an order have several or none
-- orders: Orders
-- items: Pieces ordered
-- orders_without_revenue: Of these, orders that revenue lacks, the price of some line being unknown
-- revenue: Sum over the orders, in currency
CREATE VIEW mart.campaign_revenue AS
SELECT purchase.date_key, day.date, CASE WHEN purchase.is_bot THEN 'bots' ELSE 'people' END AS audience,
       referrer.referrer_type, coalesce(referrer.referrer_domain, '(none)') AS referrer_domain, purchase.campaign_key,
       coalesce(campaign.source, '(none)') AS utm_source, coalesce(campaign.medium, '(none)') AS utm_medium,
       coalesce(campaign.campaign, '(none)') AS utm_campaign,
       coalesce(campaign.click_id_kind, '(none)') AS click_id_kind,
       coalesce(purchase.currency, 'Unknown') AS currency, count(*) AS orders, sum(purchase.items) AS items,
       count(*) - count(purchase.revenue) AS orders_without_revenue, sum(purchase.revenue) AS revenue
FROM fact_order AS purchase
JOIN dim_date AS day USING (date_key)
JOIN dim_referrer AS referrer ON referrer.referrer_key = purchase.touch_referrer_key
-- Of those that no campaign led to, none of its texts.
LEFT JOIN (SELECT * FROM dim_campaign WHERE campaign_key <> -2) AS campaign USING (campaign_key)
GROUP BY purchase.date_key, day.date, 3, referrer.referrer_type, 5, purchase.campaign_key, 7, 8, 9, 10, 11
