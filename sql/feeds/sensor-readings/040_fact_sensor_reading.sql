-- One row per event of the run that is new.
INSERT INTO fact_sensor_reading (
    event_id, event_time, date_key, bus_topic, bus_partition, bus_offset, run_id, sensor_id, temperature, humidity
)
SELECT event_id, event_time, coalesce(day.date_key, -1), bus_topic, bus_partition, bus_offset, %(run_id)s,
       device_id, temperature, humidity
FROM staged
LEFT JOIN dim_date AS day ON day.date = (event_time AT TIME ZONE %(time_zone)s)::date
ORDER BY event_time, bus_partition, bus_offset
