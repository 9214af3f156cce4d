-- One row per window that the watermark has passed; none of its numbers changes from now on but those of late events.
UPDATE live.window_total
SET closed_batch_id = %(batch_id)s, batch_id = %(batch_id)s, updated_at = clock_timestamp()
WHERE closed_batch_id IS NULL AND window_end + %(lateness)s <= %(watermark)s::timestamptz
