-- One row per visitor of a window that is closed: whoever was there is counted, and forgotten.
DELETE FROM live.window_visitor AS visitor
USING live.window_total AS total
WHERE total.window_start = visitor.window_start AND total.closed_batch_id IS NOT NULL
