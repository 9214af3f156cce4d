-- One row per product and page that was seen by views which an archived file has no more: without those views. The page
-- is spelled as it is archived, or as the scrubber spells it now.
UPDATE etl.product_page AS page
SET views = page.views - gone.views
FROM (
    SELECT product_key, CASE WHEN known.page IS NULL THEN scrubbed ELSE seen.page END AS page, sum(seen.views) AS views
    FROM unnest(%(products)s::bigint[], %(kinds)s::smallint[], %(pages)s::text[], %(scrubbed)s::text[],
                %(views)s::bigint[]) AS seen (product_key, kind_key, page, scrubbed, views)
    LEFT JOIN etl.product_page AS known USING (product_key, page)
    WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
    GROUP BY 1, 2
) AS gone
WHERE page.product_key = gone.product_key AND page.page = gone.page
