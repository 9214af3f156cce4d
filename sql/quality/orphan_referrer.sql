-- Events whose referrer has no member in dim_referrer: fact_event has no foreign key to tell.
-- severity: error
SELECT coalesce(sum(events), 0) AS observed, string_agg(referrer_key::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT referrer_key, events, row_number() OVER () AS place
    FROM (
        SELECT referrer_key, count(*) AS events
        FROM fact_event
        WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
            AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        GROUP BY referrer_key
    ) AS used
    WHERE NOT EXISTS (SELECT FROM dim_referrer AS member WHERE member.referrer_key = used.referrer_key)
) AS orphan
