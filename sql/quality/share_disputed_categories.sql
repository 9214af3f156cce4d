-- Share of the views of pages that name a kind of another group than their product's other pages do: one is wrong.
-- severity: warning
-- bound: 5 percent
-- scope: all
SELECT round(100.0 * coalesce(found, 0) / nullif(views, 0), 3) AS observed, format('%%s of %%s views', coalesce(found, 0), views) AS detail
FROM (
    SELECT sum(page.views) AS views,
           sum(page.views) FILTER (WHERE product.category_group IS DISTINCT FROM named.category_group) AS found
    FROM etl.product_page AS page
    JOIN dim_product AS product USING (product_key)
    LEFT JOIN (SELECT DISTINCT category, category_group FROM dim_product WHERE category_group IS NOT NULL) AS named
        ON named.category = page.category
    WHERE page.category IS NOT NULL AND product.catalogued_at IS NULL
) AS counted
