-- Rows of the tables that revision 0018 makes: a product's name and price beside the pages that it carries over.
INSERT INTO dim_product_name VALUES (1, 'es', 'Anillo Bridal Heaven', true);
INSERT INTO dim_product_price VALUES (1, 1, 754.00, 'MXN', '2026-01-05 10:00Z', '2026-01-06 10:00Z');
INSERT INTO staging.touched_product VALUES (1);
INSERT INTO etl.product_page
VALUES (1, 'www.shop.example.com.mx/anillo-bridal-heaven.html', 2, 'Anillo Bridal Heaven', 'es', 'rings', NULL, '0123');
