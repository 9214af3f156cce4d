-- One row per order of which no further event would tell.
DELETE FROM live.recent_order WHERE last_time + %(order_gap)s + %(window)s + %(lateness)s <= %(watermark)s::timestamptz
