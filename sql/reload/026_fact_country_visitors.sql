-- One row per row of fact_country_visitors that is loaded again.
DELETE FROM fact_country_visitors WHERE date_key BETWEEN %(from_key)s AND %(to_key)s
