-- One row per referrer as sent, without its query.
SELECT referrer_hash::text, min(referrer COLLATE "C")
FROM staging.event
WHERE abs(uuid_hash(referrer_hash)::bigint) %% %(shares)s = %(share)s
GROUP BY referrer_hash
