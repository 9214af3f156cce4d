-- One row per host of a store that no staged event names.
DELETE FROM staging.store AS member
WHERE NOT EXISTS (SELECT FROM staging.event WHERE event.store_id = member.store_id)
