-- One row per name of a product that no page says any more.
DELETE FROM dim_product_name AS known
WHERE NOT EXISTS (
    SELECT FROM etl.product_page AS page
    WHERE (page.product_key, page.language, page.product_name)
        = (known.product_key, known.language, known.product_name)
)
