-- One row per valid event of the run; the columns beyond the first two lines are fields, declared or derived.
CREATE TEMPORARY TABLE staged (
    bus_topic text NOT NULL, bus_partition integer NOT NULL, bus_offset bigint NOT NULL,
    event_id uuid NOT NULL, event_time timestamptz NOT NULL, user_hash uuid,
    age_group text, city text, country text
) ON COMMIT DROP
