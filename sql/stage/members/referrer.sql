-- One row per referrer as sent, without its query.
SELECT DISTINCT referrer_hash::text, referrer
FROM staging.event
WHERE abs(hashtext(referrer)::bigint) %% %(shares)s = %(share)s
