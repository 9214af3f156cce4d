-- One row: how far the stream has come; late events of windows that are gone are counted here.
UPDATE live.stream
SET batch_id = %(batch_id)s,
    watermark = greatest(watermark, %(watermark)s::timestamptz),
    late_before_kept = late_before_kept + (
        SELECT count(*) FROM arrived WHERE verdict IS NULL AND window_start < %(kept_from)s::timestamptz
    ),
    updated_at = clock_timestamp()
