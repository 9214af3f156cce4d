-- Share of cart events without a price or currency.
-- severity: warning
-- bound: 10 percent
SELECT round(100.0 * found / nullif(events, 0), 3) AS observed,
       format('%%s of %%s cart events', found, events) AS detail
FROM (
    SELECT count(*) AS events, count(*) FILTER (WHERE price IS NULL OR currency IS NULL) AS found
    FROM fact_cart_event
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
) AS counted
