-- One row per price that a view before the first kept day showed first or last: when within that day goes.
UPDATE dim_product_price AS known
SET valid_from = day.valid_from, valid_to = day.valid_to
FROM (
    SELECT product_key, country_key, price, currency,
           CASE WHEN valid_from < %(kept_from_time)s
                THEN date_trunc('day', valid_from AT TIME ZONE %(time_zone)s) AT TIME ZONE %(time_zone)s
                ELSE valid_from END AS valid_from,
           CASE WHEN valid_to < %(kept_from_time)s
                THEN date_trunc('day', valid_to AT TIME ZONE %(time_zone)s) AT TIME ZONE %(time_zone)s
                ELSE valid_to END AS valid_to
    FROM dim_product_price
    WHERE valid_from < %(kept_from_time)s
) AS day
WHERE (known.product_key, known.country_key, known.price, known.currency)
    = (day.product_key, day.country_key, day.price, day.currency)
  AND (known.valid_from, known.valid_to) <> (day.valid_from, day.valid_to)
