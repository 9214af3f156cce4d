-- One row per day of an erased view and referrer type, also of a type that its referrer no longer has: all made anew.
DELETE FROM fact_referrer_type_visitors
WHERE date_key IN (
    SELECT date_key
    FROM staging.resolved_event
    WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
)
