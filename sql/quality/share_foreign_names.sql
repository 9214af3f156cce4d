-- Share of the products' names that are neither the catalogue's nor known to be of a page of the shop.
-- severity: warning
-- bound: 0 percent
-- scope: all
SELECT round(100.0 * found / nullif(products, 0), 3) AS observed,
       format('%%s of %%s products', found, products) AS detail
FROM (
    SELECT count(*) AS products, count(*) FILTER (WHERE catalogued_at IS NULL AND language IS NULL) AS found
    FROM dim_product
    WHERE product_key > 0 AND product_name IS NOT NULL
) AS counted
