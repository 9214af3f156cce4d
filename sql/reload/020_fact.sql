-- One row per row of the fact that is loaded again: run for each fact that is declared to be reloaded by day.
DELETE FROM {fact} WHERE date_key BETWEEN %(from_key)s AND %(to_key)s
