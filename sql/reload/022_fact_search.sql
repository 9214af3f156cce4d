-- One row per row of fact_search that is loaded again.
DELETE FROM fact_search WHERE date_key BETWEEN %(from_key)s AND %(to_key)s
