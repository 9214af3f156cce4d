-- One row per product that no catalogue names and whose newest price in the run is newer than the one it has.
UPDATE dim_product AS product
SET price = newest.price,
    currency = newest.currency,
    priced_at = newest.priced_at,
    priced_by = newest.priced_by
FROM (
    SELECT DISTINCT ON (product_id) product_id, price, currency, priced_at, priced_by
    FROM staging.product
    WHERE price IS NOT NULL
    ORDER BY product_id, priced_at DESC, priced_by DESC
) AS newest
WHERE product.product_id = newest.product_id
  AND product.catalogued_at IS NULL
  AND (product.priced_at IS NULL OR (newest.priced_at, newest.priced_by) >= (product.priced_at, product.priced_by))
