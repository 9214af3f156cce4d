-- Products whose name, though not the catalogue's, none of the shop's own pages says.
-- severity: error
-- scope: all
SELECT count(*) AS observed, string_agg(product_id, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT product_id, row_number() OVER () AS place
    FROM dim_product AS product
    WHERE catalogued_at IS NULL AND language IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM dim_product_name AS said
            WHERE (said.product_key, said.language, said.product_name)
                = (product.product_key, product.language, product.product_name)
        )
) AS unsaid
