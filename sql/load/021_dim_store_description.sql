-- One row per store whose newest host in the run that tells a country is newer than the one that describes it.
UPDATE dim_store AS store
SET country_name = newest.country_name,
    country_code = newest.country_code,
    region = newest.region,
    continent = newest.continent,
    currency = newest.currency,
    time_zone = newest.time_zone,
    described_at = newest.described_at,
    described_by = newest.described_by
FROM (
    SELECT DISTINCT ON (store_id) *
    FROM staging.store
    WHERE country_name IS NOT NULL
    ORDER BY store_id, described_at DESC, described_by DESC
) AS newest
WHERE store.store_id = newest.store_id
  AND (store.described_at IS NULL
       OR (newest.described_at, newest.described_by) >= (store.described_at, store.described_by))
