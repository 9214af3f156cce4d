-- Product views, cart additions and lines of orders whose version of the product is not the one valid at their time.
-- severity: error
SELECT count(*) AS observed, string_agg(format('%%s %%s', fact, id), ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT fact, id, row_number() OVER () AS place
    FROM (
        SELECT 'fact_product_view_event' AS fact, event_id AS id, product_key, product_version_key, event_time, date_key
        FROM fact_product_view_event
        WHERE %(run_id)s::bigint IS NULL OR run_id = %(run_id)s
        UNION ALL
        SELECT 'fact_cart_event', event_id, product_key, product_version_key, event_time, date_key
        FROM fact_cart_event
        WHERE %(run_id)s::bigint IS NULL OR run_id = %(run_id)s
        UNION ALL
        SELECT 'fact_order_line', order_key, product_key, product_version_key, event_time, date_key
        FROM fact_order_line
        JOIN fact_order USING (order_key)
        -- Retention leaves the day alone of an order's time.
        WHERE date_key >= etl.facts_kept_from() OR visitor IS NOT NULL
    ) AS sold
    LEFT JOIN dim_product_version AS version
        ON version.product_key = sold.product_key
        AND version.valid_from <= sold.event_time
        AND version.valid_to > sold.event_time
    WHERE (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        AND sold.product_version_key <> coalesce(version.product_version_key, -1)
) AS differing
