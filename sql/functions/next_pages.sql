-- One row per type of page and type of the page that followed it in sessions that began from the first to the last day.
-- identity: (SELECT (coalesce(sum(steps + bot_steps) FILTER (WHERE page_type = '(entry)'), 0)::bigint,
--   coalesce(sum(steps + bot_steps), 0)::bigint) FROM mart.next_pages(date '2015-01-01', date '2040-12-31'))
--   = (SELECT (count(*), coalesce(sum(pages + 1), 0)::bigint)
--   FROM fact_session WHERE pages > 0 AND date_key >= etl.facts_kept_from())
CREATE FUNCTION mart.next_pages(first_day date, last_day date)
RETURNS TABLE (page_type text, next_page_type text, steps bigint, sessions bigint, bot_steps bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH visit AS (
        SELECT session_id, is_bot, pages
        FROM fact_session
        WHERE pages > 0
          AND date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer AND to_char(last_day, 'YYYYMMDD')::integer
    ), shown AS (
        SELECT session_id, visit.is_bot, kind.page_type, visit.pages,
               count(*) OVER (PARTITION BY session_id) AS kept_pages,
               lag(kind.page_type) OVER in_order AS page_before, lead(kind.page_type) OVER in_order AS page_after
        FROM fact_event AS event
        JOIN visit USING (session_id)
        JOIN dim_event_kind AS kind USING (kind_key)
        WHERE kind.page_type IS NOT NULL
          -- A session is cut after 24 hours: where clocks go forward on the day after, on the day behind it.
          AND event.date_key BETWEEN to_char(first_day, 'YYYYMMDD')::integer
                                 AND to_char(last_day + 2, 'YYYYMMDD')::integer
        WINDOW in_order AS (PARTITION BY session_id ORDER BY event_time, bus_partition, bus_offset)
    ), step AS (
        SELECT session_id, is_bot, page_type, coalesce(page_after, '(exit)') AS next_page_type
        FROM shown
        -- Not of a session that retention has removed the beginning of.
        WHERE kept_pages = pages
        UNION ALL
        SELECT session_id, is_bot, '(entry)', page_type FROM shown WHERE kept_pages = pages AND page_before IS NULL
    )
    SELECT page_type, next_page_type, count(*) FILTER (WHERE NOT is_bot),
           count(DISTINCT session_id) FILTER (WHERE NOT is_bot), count(*) FILTER (WHERE is_bot)
    FROM step
    GROUP BY page_type, next_page_type;
END
