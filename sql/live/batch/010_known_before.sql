-- One row per record that an earlier batch has counted: positions in the warehouse are the truth.
DELETE FROM arrived
USING live.position AS known
WHERE known.bus_topic = arrived.bus_topic
  AND known.bus_partition = arrived.bus_partition
  AND known.next_offset > arrived.bus_offset
