-- Events whose product has no member in dim_product: fact_event has no foreign key to tell.
-- severity: error
SELECT coalesce(sum(events), 0) AS observed, string_agg(product_key::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT product_key, events, row_number() OVER () AS place
    FROM (
        SELECT product_key, count(*) AS events
        FROM fact_event
        WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
            AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        GROUP BY product_key
    ) AS used
    WHERE NOT EXISTS (SELECT FROM dim_product AS member WHERE member.product_key = used.product_key)
) AS orphan
