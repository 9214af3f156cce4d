-- One row per event whose window is closed, or was removed as old.
UPDATE arrived
SET is_late = true
WHERE verdict IS NULL
  AND (
      window_start + %(window)s + %(lateness)s <= %(watermark_before)s::timestamptz
      OR window_start < %(kept_from)s::timestamptz
      OR EXISTS (
          SELECT FROM live.window_total AS total
          WHERE total.window_start = arrived.window_start AND total.closed_batch_id IS NOT NULL
      )
  )
