-- One row per row of fact_recommendation that is loaded again.
DELETE FROM fact_recommendation WHERE date_key BETWEEN %(from_key)s AND %(to_key)s
