-- One row per rejected event that is judged again: of the days, of a rule, or all.
INSERT INTO staging.removed_rejection (bus_topic, bus_partition, bus_offset)
SELECT bus_topic, bus_partition, bus_offset
FROM etl.rejected_event
WHERE CASE %(mode)s
    WHEN 'days' THEN event_date BETWEEN %(from_date)s AND %(to_date)s
    WHEN 'rejected' THEN rule = coalesce(%(rule)s, rule)
    ELSE true
END
