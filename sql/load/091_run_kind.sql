-- One row per partition of the run and kind of event.
INSERT INTO etl.run_kind (run_id, bus_topic, bus_partition, kind, events)
SELECT %(run_id)s, bus_topic, bus_partition, kind, events
FROM jsonb_to_recordset(%(kinds)s) AS part (bus_topic text, bus_partition integer, kind text, events bigint)
