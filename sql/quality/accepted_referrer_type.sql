-- Referrers that led to some event, of a type that no report knows.
-- severity: error
SELECT count(*) AS observed, string_agg(DISTINCT coalesce(referrer_type, 'null'), ', ') AS detail
FROM (
    SELECT DISTINCT referrer_key
    FROM fact_event
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
) AS used
JOIN dim_referrer USING (referrer_key)
WHERE referrer_type NOT IN (
    'Search Engine', 'Social Media', 'Email', 'AI Assistant', 'Spam', 'Internal', 'Direct', 'Other', 'Unknown'
)
