-- One row per day and product that an erased view belongs to: a sketch cannot forget, so it is made anew.
DELETE FROM fact_product_visitors AS known
USING staging.resolved_event AS erased
WHERE (known.date_key, known.product_key) = (erased.date_key, erased.product_key)
  AND kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
