-- One row per day and country that an erased view belongs to: a sketch cannot forget, so it is made anew.
DELETE FROM fact_country_visitors AS known
USING staging.resolved_event AS erased
WHERE (known.date_key, known.country_key) = (erased.date_key, erased.country_key)
  AND kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
