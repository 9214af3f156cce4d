-- Products whose catalogue versions do not cover all time without gap or overlap.
-- severity: error
-- scope: all
SELECT count(DISTINCT product_key) AS observed,
       string_agg(DISTINCT product_key::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT product_key, row_number() OVER () AS place
    FROM (
        SELECT product_key, valid_from, valid_to,
               lag(valid_to, 1, '-infinity') OVER (PARTITION BY product_key ORDER BY valid_from) AS ended,
               lead(valid_from, 1, 'infinity') OVER (PARTITION BY product_key ORDER BY valid_from) AS begins
        FROM dim_product_version
    ) AS version
    WHERE valid_from <> ended OR valid_to <> begins
) AS gap
