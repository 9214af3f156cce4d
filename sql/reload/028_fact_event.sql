-- One row per row of fact_event that is loaded again.
DELETE FROM fact_event WHERE date_key BETWEEN %(from_key)s AND %(to_key)s
