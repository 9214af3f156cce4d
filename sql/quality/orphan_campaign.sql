-- Events whose campaign has no member in dim_campaign: fact_event has no foreign key to tell.
-- severity: error
SELECT coalesce(sum(events), 0) AS observed, string_agg(campaign_key::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT campaign_key, events, row_number() OVER () AS place
    FROM (
        SELECT campaign_key, count(*) AS events
        FROM fact_event
        WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
            AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        GROUP BY campaign_key
    ) AS used
    WHERE NOT EXISTS (SELECT FROM dim_campaign AS member WHERE member.campaign_key = used.campaign_key)
) AS orphan
