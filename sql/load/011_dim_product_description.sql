-- One row per product that no catalogue names and whose newest named page is newer than the one that describes it.
UPDATE dim_product AS product
SET product_name = newest.product_name,
    category = newest.category,
    described_at = newest.described_at,
    described_by = newest.described_by
FROM (
    SELECT DISTINCT ON (product_id) product_id, product_name, category, described_at, described_by
    FROM staging.product
    WHERE product_name IS NOT NULL
    ORDER BY product_id, described_at DESC, described_by DESC
) AS newest
WHERE product.product_id = newest.product_id
  AND product.catalogued_at IS NULL
  AND (product.described_at IS NULL
       OR (newest.described_at, newest.described_by) >= (product.described_at, product.described_by))
