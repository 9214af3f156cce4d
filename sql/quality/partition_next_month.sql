-- Atomic facts without a partition for the month after the newest product view.
-- severity: error
SELECT count(*) AS observed, string_agg(fact || month, ', ') AS detail
FROM (
    SELECT to_char(to_date(max(date_key)::text, 'YYYYMMDD') + interval '1 month', '_YYYY_MM') AS month
    FROM fact_product_views
) AS newest
CROSS JOIN (VALUES ('fact_event'), ('fact_product_view_event')) AS atomic (fact)
WHERE to_regclass('public.' || fact || month) IS NULL AND month IS NOT NULL
