-- One row per store, described by its newest host that tells a country.
CREATE TABLE dim_country AS
WITH origin AS (
    SELECT store_id, regexp_extract(address, '^([a-zA-Z][a-zA-Z0-9+.\-]*:)?(//)?[^/]*') AS origin,
           max((event_time, event_id)) AS newest
    FROM event
    WHERE store_id IS NOT NULL
    GROUP BY ALL
)
SELECT row_number() OVER (ORDER BY store_id) AS country_key, store_id,
       arg_max(described_store, newest) FILTER (WHERE country_name IS NOT NULL) AS country
FROM origin
LEFT JOIN described_store USING (store_id, origin)
GROUP BY store_id
