-- One row per example: of each rule and field, at most %(limit)s of a feed's events that were judged last.
SELECT rule, field, value, feed AS kind, (event_time AT TIME ZONE 'UTC')::date AS event_date, run_id,
       bus_topic, bus_partition, bus_offset, original
FROM (
    SELECT *,
           row_number() OVER (
               PARTITION BY rule, field ORDER BY run_id DESC, bus_offset DESC, bus_partition, bus_topic
           ) AS place
    FROM etl.rejected_feed_event
    WHERE feed = %(feed)s AND (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
      AND (%(rule)s::text IS NULL OR rule = %(rule)s)
) AS newest
WHERE place <= %(limit)s
ORDER BY rule, field, place
