-- Rows of the tables that revision 0010 makes.
INSERT INTO fact_product_visitors SELECT 20260105, 1, hll_add(hll_empty(), hll_hash_text('visitor'));
INSERT INTO fact_country_visitors SELECT 20260105, 1, hll_add(hll_empty(), hll_hash_text('visitor'));
INSERT INTO fact_referrer_type_visitors SELECT 20260105, 'Search Engine', hll_add(hll_empty(), hll_hash_text('visitor'));
