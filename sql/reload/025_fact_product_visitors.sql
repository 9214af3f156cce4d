-- One row per row of fact_product_visitors that is loaded again.
DELETE FROM fact_product_visitors WHERE date_key BETWEEN %(from_key)s AND %(to_key)s
