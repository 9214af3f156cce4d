-- One row per window that counts events of the visitor: of loaded ones, and of those that will not be loaded any more. What
-- was rejected when it was counted is in no window (sql/reconcile/live_window.sql).
WITH never_loaded AS (
    DELETE FROM live.event_id AS known
    USING unnest(%(stored_topics)s::text[], %(stored_partitions)s::integer[], %(stored_offsets)s::bigint[])
        AS place (bus_topic, bus_partition, bus_offset)
    WHERE (known.bus_topic, known.bus_partition, known.bus_offset)
        = (place.bus_topic, place.bus_partition, place.bus_offset)
      AND NOT EXISTS (SELECT FROM staging.resolved_event AS event WHERE event.event_id = known.event_id)
    RETURNING known.window_start, known.kind
)
UPDATE live.window_total AS total
SET erased_events = total.erased_events + erased.events,
    erased_views = total.erased_views + erased.views,
    erased_order_events = total.erased_order_events + erased.order_events
FROM (
    SELECT window_start, count(*) AS events, count(*) FILTER (WHERE kind = 'view_product_detail') AS views,
           count(*) FILTER (WHERE kind = 'checkout_success') AS order_events
    FROM (
        SELECT to_timestamp(floor(extract(epoch FROM event.event_time) / stream.window_seconds) * stream.window_seconds)
                   AS window_start, kind.kind
        FROM staging.resolved_event AS event
        CROSS JOIN live.stream AS stream
        JOIN dim_event_kind AS kind USING (kind_key)
        JOIN live.position AS place USING (bus_topic, bus_partition)
        JOIN fact_event AS loaded ON loaded.event_id = event.event_id AND loaded.date_key = event.date_key
        JOIN etl.run AS run ON run.run_id = loaded.run_id
        WHERE event.bus_offset >= place.first_offset
          AND (
              event.bus_offset < place.next_offset
              OR EXISTS (SELECT FROM live.event_id AS known WHERE known.event_id = event.event_id)
          )
          AND (run.mode <> 'rejected' OR run.run_id <= place.begun_after_run)
        UNION ALL
        SELECT window_start, kind FROM never_loaded
    ) AS counted
    GROUP BY window_start
) AS erased
WHERE total.window_start = erased.window_start
