-- One row per product view.
CREATE TABLE fact_product_view_event AS
SELECT * EXCLUDE (kind, address)
FROM fact_event
WHERE kind = 'view_product_detail'
ORDER BY date_key
