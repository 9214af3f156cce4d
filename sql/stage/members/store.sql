-- One row per store and host, with the newest event there.
SELECT DISTINCT ON (store_id, origin) store_id, origin, event_time::text, event_id::text
FROM staging.event
WHERE store_id IS NOT NULL AND abs(hashtext(store_id || origin)::bigint) %% %(shares)s = %(share)s
ORDER BY store_id, origin, event.event_time DESC, event.event_id DESC
