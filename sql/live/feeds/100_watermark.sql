-- One row per feed of the batch: how far it has come, by itself; late events of windows that are gone are counted here.
UPDATE live.feed
SET watermark = greatest(feed.watermark, to_timestamp(told.watermark)),
    late_before_kept = late_before_kept + (
        SELECT count(*) FROM arrived_feed
        WHERE arrived_feed.feed = feed.feed AND verdict IS NULL AND window_start < feed.kept_from
    )
FROM jsonb_to_recordset(%(feeds)s) AS told (feed text, watermark double precision)
WHERE told.feed = feed.feed
