-- Products that dim_product describes otherwise than the catalogue's newest version.
-- severity: error
-- scope: all
SELECT count(*) AS observed, string_agg(product_id, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT product.product_id, row_number() OVER () AS place
    FROM dim_product_version AS version
    JOIN dim_product AS product USING (product_key)
    WHERE version.valid_to = 'infinity'
        AND (product.product_name, product.category, product.price, product.currency, product.is_active) IS DISTINCT FROM
            (version.product_name, version.category, version.price, version.currency, version.is_active)
) AS differing
