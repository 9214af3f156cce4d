-- One row per product, described by its newest named page and priced by its newest view with a price.
CREATE TABLE dim_product AS
WITH page AS (
    SELECT product_id, address, max((event_time, event_id)) AS newest
    FROM event
    WHERE kind = 'view_product_detail'
    GROUP BY product_id, address
), described AS (
    SELECT product_id, arg_max((product_name, category), newest) AS page
    FROM page
    JOIN described_page USING (address)
    WHERE product_name IS NOT NULL
    GROUP BY product_id
)
SELECT row_number() OVER (ORDER BY product_id) AS product_key, product_id, described.page[1] AS product_name,
       described.page[2] AS category, known.priced[1] AS price, known.priced[2] AS currency, known.first_date
FROM (
    SELECT product_id, min(date_key) AS first_date,
           arg_max((price, currency), (event_time, event_id))
               FILTER (WHERE kind = 'view_product_detail' AND price IS NOT NULL) AS priced
    FROM event
    WHERE product_id IS NOT NULL
    GROUP BY product_id
) AS known
LEFT JOIN described USING (product_id)
