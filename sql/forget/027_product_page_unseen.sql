-- One row per page that nobody else saw.
DELETE FROM etl.product_page WHERE views <= 0
