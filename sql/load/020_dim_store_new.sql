-- One row per store of the run that dim_store lacks, in the order of store_id.
INSERT INTO dim_store (store_id)
SELECT DISTINCT staged.store_id
FROM staging.store AS staged
WHERE NOT EXISTS (SELECT FROM dim_store AS known WHERE known.store_id = staged.store_id)
ORDER BY staged.store_id
