-- One row per product and page that the visitor saw: without those views.
UPDATE etl.product_page AS page
SET views = page.views - gone.views
FROM (
    SELECT product_key, page, count(*) AS views
    FROM staging.resolved_event
    WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
    GROUP BY product_key, page
) AS gone
WHERE page.product_key = gone.product_key AND page.page = gone.page
