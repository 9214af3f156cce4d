-- One row per page that no view is left of, or that is beyond its product's most: those with the lowest hashes stay.
DELETE FROM etl.product_page AS page
USING (
    SELECT product_key, page, views, row_number() OVER (PARTITION BY product_key ORDER BY views <= 0, md5(page)) AS place
    FROM etl.product_page
    WHERE product_key IN (
        SELECT product_key
        FROM etl.product_page
        WHERE product_key IN (SELECT product_key FROM staging.touched_product)
        GROUP BY product_key
        HAVING count(*) > %(most_pages)s OR min(views) <= 0
    )
) AS ranked
WHERE page.product_key = ranked.product_key AND page.page = ranked.page
  AND (ranked.views <= 0 OR ranked.place > %(most_pages)s)
