-- One row per referrer that no staged event names.
DELETE FROM staging.referrer AS member
WHERE NOT EXISTS (SELECT FROM staging.event WHERE event.referrer_hash = member.referrer_hash)
