-- One row per day, country and audience that a view belongs to whose person is another now: a sketch cannot forget.
DELETE FROM fact_country_visitors AS known
USING (
    SELECT DISTINCT date_key, country_key FROM staging.renamed_view
) AS renamed
WHERE (known.date_key, known.country_key) = (renamed.date_key, renamed.country_key)
