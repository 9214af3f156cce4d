-- One row per day, referrer type and audience that a view belongs to whose person is another now: made anew.
DELETE FROM fact_referrer_type_visitors AS known
USING (
    SELECT DISTINCT date_key, referrer_type FROM staging.renamed_view JOIN dim_referrer USING (referrer_key)
) AS renamed
WHERE (known.date_key, known.referrer_type) = (renamed.date_key, renamed.referrer_type)
