-- One row per line of the cart of an event that is loaded again.
DELETE FROM etl.sent_order_line WHERE date_key BETWEEN %(from_key)s AND %(to_key)s
