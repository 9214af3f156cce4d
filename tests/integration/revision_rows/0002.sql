-- Rows of the tables that revision 0002 makes; revision 0002 itself fills dim_date and the unknown members.
INSERT INTO dim_product (product_id, product_name, category, price, currency, created_date, described_at, described_by)
VALUES ('86704', 'Anillo Bridal Heaven', 'rings', 754.00, 'MXN', '2026-01-05', '2026-01-05 10:00Z',
        'f523185f-406c-4bc8-9a0a-ea02de1b0e67'),
       ('86705', NULL, NULL, NULL, NULL, '2026-01-05', NULL, NULL);
INSERT INTO dim_country (store_id, country_name, country_code, region, continent, currency, time_zone)
VALUES ('62', 'Mexico', 'MX', 'Central America', 'Americas', 'MXN', 'America/Mexico_City');
INSERT INTO dim_referrer (referrer_url, referrer_sha256, referrer_domain, referrer_type)
VALUES ('www.google.com', sha256('www.google.com'), 'google.com', 'Search Engine');
INSERT INTO dim_device (device_id, device_type, browser_info, os, is_bot)
VALUES ('02928c22-a423-4164-a7b4-f597f5a3580b', 'Desktop', 'Chrome 81', 'Windows 10', false);
