-- One row per event of the run that is new.
INSERT INTO fact_customer_event (
    event_id, event_time, date_key, user_key, bus_topic, bus_partition, bus_offset, run_id,
    event_type, product_category, product_id, amount, quantity, location
)
SELECT staged.event_id, event_time, coalesce(day.date_key, -1), coalesce(known.user_key, -1), staged.bus_topic,
       staged.bus_partition, staged.bus_offset, %(run_id)s,
       event_type, product_category, product_id, amount, quantity, location
FROM staged
LEFT JOIN dim_user AS known ON known.user_hash = staged.user_hash
LEFT JOIN dim_date AS day ON day.date = (event_time AT TIME ZONE %(time_zone)s)::date
ORDER BY event_time, staged.bus_partition, staged.bus_offset
