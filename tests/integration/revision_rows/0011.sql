-- Rows of the tables that revision 0011 makes: a product's two versions, side by side.
INSERT INTO etl.catalog_load (file_name, valid_from, products, skipped_lines)
VALUES ('catalogue.csv', '2026-01-05 10:00Z', 1, 0);
INSERT INTO etl.catalog_product VALUES (1, '2026-01-05 10:00Z', 1);
UPDATE dim_product SET catalogued_at = '2026-01-05 10:00Z' WHERE product_key = 1;
INSERT INTO dim_product_version (product_key, product_name, price, is_active, valid_from, valid_to, catalogued_at, load_id)
VALUES (1, 'Ring', 750, true, '-infinity', '2026-01-05 10:00Z', '2026-01-01 00:00Z', 1),
       (1, 'Bridal ring', 754, true, '2026-01-05 10:00Z', 'infinity', '2026-01-05 10:00Z', 1);
INSERT INTO staging.catalog_product (line_number, product_id) VALUES (1, '86704');
