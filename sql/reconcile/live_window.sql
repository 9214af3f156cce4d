-- One row per closed window that the ETL has loaded completely: what was counted live and late, what the facts have of the
-- same records, and what they had of visitors that were forgotten since. A window that only the facts know is one, too:
-- the stream has read its records.
WITH stream AS (
    SELECT window_seconds, coalesce(kept_from, '-infinity') AS kept_from,
           to_date(nullif(etl.facts_kept_from(), 0)::text, 'YYYYMMDD')::timestamp AT TIME ZONE %(time_zone)s AS facts_from
    FROM live.stream
),
loaded AS (
    SELECT to_timestamp(floor(extract(epoch FROM event.event_time) / stream.window_seconds) * stream.window_seconds)
               AS window_start,
           count(*) AS events,
           count(*) FILTER (WHERE kind.kind = 'view_product_detail') AS views,
           count(*) FILTER (WHERE kind.kind = 'checkout_success') AS orders
    FROM fact_event AS event
    CROSS JOIN stream
    JOIN dim_event_kind AS kind USING (kind_key)
    JOIN live.position AS place USING (bus_topic, bus_partition)
    JOIN etl.run AS run ON run.run_id = event.run_id
    WHERE event.bus_offset >= place.first_offset
      AND (
          event.bus_offset < place.next_offset
          OR EXISTS (SELECT FROM live.event_id AS known WHERE known.event_id = event.event_id)
      )
      -- Rejected when they were counted, unless the stream has counted anew since they were loaded.
      AND (run.mode <> 'rejected' OR run.run_id <= place.begun_after_run)
    GROUP BY 1
),
reached AS (
    SELECT reach.window_start, bool_and(reach.next_offset <= coalesce(mark.next_offset, 0)) AS is_loaded
    FROM live.window_reach AS reach
    LEFT JOIN etl.watermark AS mark USING (bus_topic, bus_partition)
    GROUP BY reach.window_start
)
SELECT coalesce(total.window_start, loaded.window_start),
       coalesce(total.events, 0), coalesce(total.late_events, 0), coalesce(loaded.events, 0),
       coalesce(total.erased_events, 0),
       coalesce(total.views, 0), coalesce(total.late_views, 0), coalesce(loaded.views, 0),
       coalesce(total.erased_views, 0),
       coalesce(total.order_events, 0), coalesce(total.late_order_events, 0), coalesce(loaded.orders, 0),
       coalesce(total.erased_order_events, 0)
FROM live.window_total AS total
FULL JOIN loaded USING (window_start)
LEFT JOIN reached USING (window_start)
CROSS JOIN stream
WHERE (total.window_start IS NULL OR total.closed_batch_id IS NOT NULL)
  AND coalesce(reached.is_loaded, true)
  AND coalesce(total.window_start, loaded.window_start) >= stream.kept_from
  AND (coalesce(total.window_start, loaded.window_start) < stream.facts_from) IS NOT TRUE
ORDER BY 1
