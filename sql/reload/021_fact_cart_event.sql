-- One row per row of fact_cart_event that is loaded again.
DELETE FROM fact_cart_event WHERE date_key BETWEEN %(from_key)s AND %(to_key)s
