-- One row per record that an earlier batch has counted: positions in the warehouse are the truth.
DELETE FROM arrived_feed
USING live.position AS known
WHERE known.bus_topic = arrived_feed.bus_topic
  AND known.bus_partition = arrived_feed.bus_partition
  AND known.next_offset > arrived_feed.bus_offset
