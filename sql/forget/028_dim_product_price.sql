-- One row per price that an erased view showed first or last and that stays, as views from before revision 0032 do not say
-- what they showed: when within its day goes, but for a second in which a kept view shows the price.
WITH erased AS (
    SELECT product_key, country_key, known.price, known.currency, array_agg(event.event_time) AS times
    FROM dim_product_price AS known
    JOIN staging.resolved_event AS event USING (product_key, country_key)
    WHERE event.event_time IN (valid_from, valid_to)
      AND NOT EXISTS (
          SELECT FROM fact_product_view_event AS view
          WHERE (view.date_key, view.product_key, view.country_key, view.event_time)
              = (event.date_key, known.product_key, known.country_key, event.event_time)
            AND (view.price, coalesce(view.currency, 'XXX')) = (known.price, known.currency)
            AND view.event_id NOT IN (SELECT event_id FROM staging.resolved_event)
      )
    GROUP BY product_key, country_key, known.price, known.currency
), told AS (
    SELECT product_key, country_key, price, currency,
           CASE WHEN valid_from = ANY (times) THEN date_trunc('day', valid_from, %(time_zone)s)
                ELSE valid_from END AS valid_from,
           CASE WHEN valid_to = ANY (times) THEN date_trunc('day', valid_to, %(time_zone)s) ELSE valid_to END AS valid_to
    FROM dim_product_price
    JOIN erased USING (product_key, country_key, price, currency)
)
UPDATE dim_product_price AS known
SET valid_from = told.valid_from, valid_to = greatest(told.valid_from, told.valid_to)
FROM told
WHERE (known.product_key, known.country_key, known.price, known.currency)
    = (told.product_key, told.country_key, told.price, told.currency)
