-- One row per rejected event that is judged again: of the days, those that were read, or all whose raw event is kept.
INSERT INTO staging.removed_rejection (bus_topic, bus_partition, bus_offset)
SELECT bus_topic, bus_partition, bus_offset
FROM etl.rejected_event
WHERE CASE %(mode)s
    WHEN 'days' THEN event_date BETWEEN %(from_date)s AND %(to_date)s
    WHEN 'rejected' THEN (bus_topic, bus_partition, bus_offset) IN (
        SELECT part.topic, part.partition, unnest(part.offsets)
        FROM jsonb_to_recordset(%(judged)s) AS part (topic text, partition integer, offsets bigint[])
    )
    ELSE true
END
  AND NOT EXISTS (
      SELECT FROM etl.removed AS gone
      WHERE gone.what = 'raw events'
        AND (gone.bus_topic, gone.bus_partition) = (rejected_event.bus_topic, rejected_event.bus_partition)
        AND rejected_event.bus_offset < gone.until_offset
  )
