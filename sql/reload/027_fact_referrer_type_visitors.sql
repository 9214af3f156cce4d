-- One row per row of fact_referrer_type_visitors that is loaded again.
DELETE FROM fact_referrer_type_visitors WHERE date_key BETWEEN %(from_key)s AND %(to_key)s
