-- One row per registration of the run: what it tells of its user, whom 030_dim_user made known.
UPDATE dim_user AS known
SET age_group = staged.age_group, city = staged.city, country = staged.country, registered_at = staged.event_time,
    date_key = coalesce(day.date_key, -1), event_id = staged.event_id, bus_topic = staged.bus_topic,
    bus_partition = staged.bus_partition, bus_offset = staged.bus_offset, run_id = %(run_id)s
FROM staged
LEFT JOIN dim_date AS day ON day.date = (staged.event_time AT TIME ZONE %(time_zone)s)::date
WHERE known.user_hash = staged.user_hash
