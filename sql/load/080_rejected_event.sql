-- One row per event of the run that broke a rule.
INSERT INTO etl.rejected_event (
    bus_topic, bus_partition, bus_offset, rule, field, value, kind, event_date, original, run_id
)
SELECT bus_topic, bus_partition, bus_offset, rule, field, value, kind, event_date, original, %(run_id)s
FROM staging.rejected_event
