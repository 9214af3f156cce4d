-- One row per day, product and audience that a view belongs to whose person is another now: a sketch cannot forget.
DELETE FROM fact_product_visitors AS known
USING (
    SELECT DISTINCT date_key, product_key FROM staging.renamed_view
) AS renamed
WHERE (known.date_key, known.product_key) = (renamed.date_key, renamed.product_key)
