-- One row per event whose id is counted already, or is another's of the batch: the first one counts.
UPDATE arrived_feed
SET verdict = 'duplicate'
FROM (
    SELECT bus_topic, bus_partition, bus_offset, feed, event_id, row_number() OVER (
        PARTITION BY feed, event_id ORDER BY bus_topic COLLATE "C", bus_partition, bus_offset
    ) AS place
    FROM arrived_feed
    WHERE verdict IS NULL
) AS numbered
WHERE arrived_feed.bus_topic = numbered.bus_topic
  AND arrived_feed.bus_partition = numbered.bus_partition
  AND arrived_feed.bus_offset = numbered.bus_offset
  AND (
      numbered.place > 1
      OR EXISTS (
          SELECT FROM live.feed_event_id AS known
          WHERE known.feed = numbered.feed AND known.event_id = numbered.event_id
      )
  )
