-- One row per feed, open window, metric, dimension and member of the batch's events.
INSERT INTO live.window_metric AS known (
    feed, metric, dimension, member, window_start, events, total, minimum, maximum, batch_id
)
SELECT feed, metric, dimension, member, window_start, count(*), sum(value), min(value), max(value), %(batch_id)s
FROM (
    SELECT feed, cell ->> 0 AS metric, cell ->> 1 AS dimension, cell ->> 2 AS member, window_start,
           (cell ->> 3)::numeric AS value
    FROM arrived_feed
    CROSS JOIN LATERAL jsonb_array_elements(cells) AS cell
    WHERE verdict IS NULL AND NOT is_late
) AS measured
GROUP BY feed, metric, dimension, member, window_start
ON CONFLICT (feed, metric, dimension, member, window_start) DO UPDATE
SET events = known.events + excluded.events,
    total = known.total + excluded.total,
    minimum = least(known.minimum, excluded.minimum),
    maximum = greatest(known.maximum, excluded.maximum),
    batch_id = excluded.batch_id
