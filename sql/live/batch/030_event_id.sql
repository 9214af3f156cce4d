-- One row per event that counts.
INSERT INTO live.event_id (event_id, bus_topic, bus_partition, bus_offset, window_start, kind)
SELECT event_id, bus_topic, bus_partition, bus_offset, window_start, kind FROM arrived WHERE verdict IS NULL
