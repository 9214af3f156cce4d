-- Product views of the unknown product: a view without a product is rejected.
-- severity: error
SELECT count(*) AS observed, string_agg(event_id::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT event_id, row_number() OVER () AS place
    FROM fact_product_view_event
    WHERE product_key = -1
        AND (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
) AS unknown
