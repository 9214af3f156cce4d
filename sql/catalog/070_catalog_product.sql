-- One row per product of the catalogue that no earlier load of the same time names.
INSERT INTO etl.catalog_product AS newest (product_key, stated_at, load_id)
SELECT product_key, %(valid_from)s, %(load_id)s
FROM staging.catalog_product
ON CONFLICT (product_key) DO UPDATE
SET stated_at = excluded.stated_at, load_id = excluded.load_id
WHERE newest.stated_at < excluded.stated_at
