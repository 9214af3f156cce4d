-- One row: this load.
INSERT INTO etl.catalog_load (file_name, valid_from, products, skipped_lines)
SELECT %(file_name)s, %(valid_from)s, count(*), %(skipped_lines)s
FROM staging.catalog_product
RETURNING load_id, products
