-- One row per valid event, the first on the bus of each event id; times are UTC.
CREATE TABLE event AS
WITH identified AS (
    SELECT *,
           CASE WHEN regexp_full_match(id, '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}') THEN id::UUID
                WHEN id IS NULL AND regexp_full_match(object_id, '[0-9a-fA-F]{24}') THEN md5(lower(object_id))::UUID
           END AS event_id
    FROM raw_event
)
SELECT * EXCLUDE (id, object_id, seconds, bus_seconds), make_timestamp(seconds * 1000000) AS event_time,
       strftime(make_timestamp(seconds * 1000000), '%Y%m%d')::INTEGER AS date_key
FROM identified
WHERE event_id IS NOT NULL
  AND seconds BETWEEN 1420070400 AND least(2240611199, bus_seconds + 3600)
  AND (kind NOT IN ('view_product_detail', 'add_to_cart_action') OR product_id IS NOT NULL)
  AND length(coalesce(product_id, '')) <= 100
QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY position) = 1
