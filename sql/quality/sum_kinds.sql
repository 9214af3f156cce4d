-- Events of the kinds that have a fact of their own against that fact's rows: the difference, summed over the facts.
-- severity: error
WITH expected AS (
    SELECT CASE
               WHEN kind = 'view_product_detail' THEN 'fact_product_view_event'
               WHEN kind = 'add_to_cart_action' THEN 'fact_cart_event'
               WHEN kind = 'search_box_action' THEN 'fact_search'
               WHEN kind ~ '_recommendation_(visible|noticed|clicked)$' THEN 'fact_recommendation'
           END AS fact,
           sum(events) AS events
    FROM (
        SELECT kind_key, count(*) AS events
        FROM fact_event
        WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
            AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        GROUP BY kind_key
    ) AS by_kind
    JOIN dim_event_kind USING (kind_key)
    GROUP BY 1
),
found AS (
    SELECT fact, count(*) AS events
    FROM (
        SELECT 'fact_product_view_event' AS fact, date_key, run_id FROM fact_product_view_event
        UNION ALL
        SELECT 'fact_cart_event', date_key, run_id FROM fact_cart_event
        UNION ALL
        SELECT 'fact_search', date_key, run_id FROM fact_search
        UNION ALL
        SELECT 'fact_recommendation', date_key, run_id FROM fact_recommendation
    ) AS facts
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
    GROUP BY fact
)
SELECT coalesce(sum(abs(coalesce(expected.events, 0) - coalesce(found.events, 0))), 0) AS observed,
       string_agg(
           format('%%s: %%s events, %%s rows', fact, coalesce(expected.events, 0), coalesce(found.events, 0)), ', '
       ) FILTER (WHERE expected.events IS DISTINCT FROM found.events) AS detail
FROM (SELECT * FROM expected WHERE fact IS NOT NULL) AS expected
FULL JOIN found USING (fact)
