-- One row per store of the run that dim_country lacks, in the order of store_id.
INSERT INTO dim_country (store_id)
SELECT DISTINCT staged.store_id
FROM staging.store AS staged
WHERE NOT EXISTS (SELECT FROM dim_country AS known WHERE known.store_id = staged.store_id)
ORDER BY staged.store_id
