-- One row per referrer type and audience of a day of a view whose person is another now, also of a type that its referrer
-- no longer has: made anew.
DELETE FROM fact_referrer_type_visitors WHERE date_key IN (SELECT date_key FROM staging.renamed_view)
