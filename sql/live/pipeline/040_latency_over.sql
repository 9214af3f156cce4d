-- One row per class of latency of such a minute.
DELETE FROM live.recent_latency WHERE minute < date_trunc('minute', clock_timestamp(), 'UTC')
