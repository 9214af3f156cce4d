-- One row per store and host, with the newest event there.
SELECT store_id, origin, event_time::text, max(event_id::text COLLATE "C")
FROM (
    SELECT store_id, origin, max(event_time) AS event_time
    FROM staging.event
    WHERE store_id IS NOT NULL
    GROUP BY store_id, origin
) AS newest
JOIN staging.event USING (store_id, origin, event_time)
GROUP BY store_id, origin, event_time
