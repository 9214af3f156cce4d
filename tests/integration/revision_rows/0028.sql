-- Rows of the tables that revision 0028 makes.
INSERT INTO etl.carried_event (
    event_id, event_time, date_key, kind_key, product_key, country_key, referrer_key, device_key, user_agent_key,
    campaign_key, is_bot, bus_topic, bus_partition, bus_offset
) VALUES ('0c523185-f406-4bc8-9a0a-ea02de1b0e67', '2025-12-31 23:50Z', 20251231, 1, -1, -1, -1, -1, -1, -1, false,
          'product_views', 0, 0);
