-- One row per campaign that no staged event names.
DELETE FROM staging.campaign AS member
WHERE NOT EXISTS (SELECT FROM staging.event WHERE event.campaign_hash = member.campaign_hash)
