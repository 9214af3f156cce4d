-- Rows of the tables that revision 0029 makes, beside the views that it counts.
INSERT INTO fact_daily_product_views VALUES (20260106, 1, 1, 'Search Engine', 'Desktop', false, 3);
INSERT INTO exchange_rate (currency, rate_date, rate, reporting_currency)
VALUES ('MXN', '2026-01-05', 0.049, 'EUR'), ('EUR', '2015-01-01', 1, 'EUR');
