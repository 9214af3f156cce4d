-- One row per rejected event that is judged again: of the days, of a rule, or all whose raw event is kept.
INSERT INTO staging.removed_rejection (bus_topic, bus_partition, bus_offset)
SELECT bus_topic, bus_partition, bus_offset
FROM etl.rejected_event
WHERE CASE %(mode)s
    WHEN 'days' THEN event_date BETWEEN %(from_date)s AND %(to_date)s
    WHEN 'rejected' THEN rule = coalesce(%(rule)s, rule)
    ELSE true
END
  AND NOT EXISTS (
      SELECT FROM etl.removed AS gone
      WHERE gone.what = 'raw events'
        AND (gone.bus_topic, gone.bus_partition) = (rejected_event.bus_topic, rejected_event.bus_partition)
        AND rejected_event.bus_offset < gone.until_offset
  )
