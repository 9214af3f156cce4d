-- Product views whose id fact_product_view_event holds on another day too.
-- severity: error
-- A run is compared with its own months only: what all months hold grows with history.
SELECT count(*) AS observed, string_agg(event_id::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT event_id, row_number() OVER () AS place
    FROM fact_product_view_event AS own
    JOIN fact_product_view_event AS other USING (event_id)
    WHERE own.date_key <> other.date_key
        AND (%(run_id)s::bigint IS NULL OR own.run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR own.date_key = ANY(%(days)s))
        AND (
            %(run_id)s::bigint IS NULL
            OR other.date_key BETWEEN own.date_key - own.date_key %% 100 AND own.date_key - own.date_key %% 100 + 99
        )
) AS repeated
