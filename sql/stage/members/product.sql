-- One row per product and page that it was viewed on, with the first day.
SELECT product_id, page, to_date(min(date_key)::text, 'YYYYMMDD')::text
FROM staging.event
WHERE kind = 'view_product_detail' AND abs(hashtext(product_id)::bigint) %% %(shares)s = %(share)s
GROUP BY product_id, page
