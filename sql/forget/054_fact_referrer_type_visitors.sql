-- One row per day and referrer type that an erased view belongs to: a sketch cannot forget, so it is made anew.
DELETE FROM fact_referrer_type_visitors AS known
USING staging.resolved_event AS erased, dim_referrer AS referrer
WHERE (known.date_key, known.referrer_type) = (erased.date_key, referrer.referrer_type)
  AND kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
  AND referrer.referrer_key = erased.referrer_key
