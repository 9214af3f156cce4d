-- One row per event of the run that breaks its declaration.
CREATE TEMPORARY TABLE rejected (
    bus_topic text NOT NULL, bus_partition integer NOT NULL, bus_offset bigint NOT NULL,
    field text NOT NULL, rule text NOT NULL, value text, original text, event_time timestamptz, user_hash uuid
) ON COMMIT DROP
