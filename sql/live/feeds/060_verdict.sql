-- One row per feed, minute of the bus and verdict; invalid ones by reason and together.
INSERT INTO live.window_metric AS known (feed, metric, dimension, member, window_start, events, batch_id)
SELECT feed, told.metric, told.dimension, told.member,
       date_trunc('minute', to_timestamp(coalesce(bus_seconds, 0)), 'UTC'), count(*), %(batch_id)s
FROM arrived_feed
CROSS JOIN LATERAL (
    SELECT 'valid', '', '' WHERE verdict IS NULL
    UNION ALL
    SELECT 'duplicates', '', '' WHERE verdict = 'duplicate'
    UNION ALL
    SELECT 'invalid', named.dimension, named.member
    FROM (VALUES ('', ''), ('reason', verdict)) AS named (dimension, member)
    WHERE verdict <> 'duplicate'
) AS told (metric, dimension, member)
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (feed, metric, dimension, member, window_start) DO UPDATE
SET events = known.events + excluded.events, batch_id = excluded.batch_id
