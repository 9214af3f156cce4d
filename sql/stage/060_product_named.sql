-- One row per product that events of other kinds than product views name, with its first day; it has no page.
INSERT INTO staging.product (product_id, first_date)
SELECT product_id, to_date(min(date_key)::text, 'YYYYMMDD')
FROM (
    SELECT product_id, date_key FROM staging.event WHERE kind <> 'view_product_detail'
    UNION ALL
    SELECT recommended_product_id, date_key FROM staging.event WHERE kind <> 'view_product_detail'
    UNION ALL
    SELECT line.product_id, event.date_key
    FROM staging.order_line AS line
    JOIN staging.event AS event USING (event_id)
) AS named
WHERE product_id <> ''
GROUP BY product_id
