-- One row per window and partition of the batch's events, late ones included.
INSERT INTO live.window_reach AS known (window_start, bus_topic, bus_partition, next_offset)
SELECT window_start, bus_topic, bus_partition, max(bus_offset) + 1
FROM arrived
WHERE verdict IS NULL AND (window_start < %(kept_from)s::timestamptz) IS NOT TRUE
GROUP BY window_start, bus_topic, bus_partition
ON CONFLICT (window_start, bus_topic, bus_partition) DO UPDATE SET next_offset = excluded.next_offset
