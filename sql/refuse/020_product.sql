-- One row per page of a product that no staged event names.
DELETE FROM staging.product AS member
WHERE NOT EXISTS (SELECT FROM staging.event WHERE event.product_id = member.product_id)
  AND NOT EXISTS (SELECT FROM staging.event WHERE event.recommended_product_id = member.product_id)
  AND NOT EXISTS (SELECT FROM staging.order_line AS line WHERE line.product_id = member.product_id)
