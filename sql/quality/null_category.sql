-- Share of the products that were viewed and have no category: none of their pages names a kind of the vocabulary.
-- severity: warning
-- bound: 20 percent
-- scope: all
SELECT round(100.0 * found / nullif(products, 0), 3) AS observed,
       format('%%s of %%s products', found, products) AS detail
FROM (
    SELECT count(*) AS products, count(*) FILTER (WHERE category IS NULL) AS found
    FROM dim_product
    WHERE product_key IN (SELECT product_key FROM fact_product_views)
) AS counted
