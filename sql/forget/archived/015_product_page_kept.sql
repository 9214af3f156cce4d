-- One row per page that would be gone although others' views in the facts say it: with those, for it was described after
-- the archived ones were read.
UPDATE etl.product_page AS page
SET views = kept.views
FROM (
    SELECT product_key, page, count(*) AS views
    FROM fact_event
    WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
      AND (product_key, page) IN (SELECT product_key, page FROM etl.product_page WHERE views <= 0)
    GROUP BY product_key, page
) AS kept
WHERE page.product_key = kept.product_key AND page.page = kept.page
