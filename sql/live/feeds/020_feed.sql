-- One row per feed that the batch has records of.
INSERT INTO live.feed (feed, bus_topic, batch_id)
SELECT feed, bus_topic, %(batch_id)s FROM jsonb_to_recordset(%(feeds)s) AS told (feed text, bus_topic text)
ON CONFLICT (feed) DO UPDATE SET bus_topic = excluded.bus_topic, batch_id = excluded.batch_id
