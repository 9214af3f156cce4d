-- Recommendations at a place or of a step that there is not.
-- severity: error
SELECT count(*) AS observed, string_agg(DISTINCT place || ' ' || step, ', ') AS detail
FROM fact_recommendation
WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
    AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
    AND (
        place NOT IN ('product_detail', 'listing_page', 'landing_page') OR step NOT IN ('visible', 'noticed', 'clicked')
    )
