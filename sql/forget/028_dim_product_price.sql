-- One row per price that an erased view showed first or last and that stays, as views from before revision 0032 do not say
-- what they showed: when within its day goes.
UPDATE dim_product_price AS known
SET valid_from = told.valid_from, valid_to = greatest(told.valid_from, told.valid_to)
FROM (
    SELECT product_key, country_key, price, currency,
           CASE WHEN valid_from = ANY (times) THEN date_trunc('day', valid_from, 'UTC') ELSE valid_from END AS valid_from,
           CASE WHEN valid_to = ANY (times) THEN date_trunc('day', valid_to, 'UTC') ELSE valid_to END AS valid_to
    FROM dim_product_price
    JOIN (
        SELECT product_key, country_key, array_agg(event_time) AS times
        FROM staging.resolved_event
        GROUP BY product_key, country_key
    ) AS erased USING (product_key, country_key)
    WHERE valid_from = ANY (times) OR valid_to = ANY (times)
) AS told
WHERE (known.product_key, known.country_key, known.price, known.currency)
    = (told.product_key, told.country_key, told.price, told.currency)
