-- One row per feed of the batch, this minute and class of latency, from the bus's time to this statement, the commit's
-- neighbour; what the bus has no time of is left out.
INSERT INTO live.recent_latency AS known (feed, minute, class, events)
SELECT feed, date_trunc('minute', moment.now, 'UTC'),
       ceil(8 * ln(greatest(1, extract(epoch FROM moment.now)::double precision * 1000 - bus_milliseconds)) / ln(2)),
       count(*)
FROM (
    SELECT %(main_feed)s AS feed, bus_milliseconds FROM arrived
    UNION ALL
    SELECT feed, bus_milliseconds FROM arrived_feed
) AS counted
CROSS JOIN (SELECT clock_timestamp() AS now) AS moment
WHERE bus_milliseconds IS NOT NULL
GROUP BY 1, 2, 3
ON CONFLICT (feed, minute, class) DO UPDATE SET events = known.events + excluded.events
