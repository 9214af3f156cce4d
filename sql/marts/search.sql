-- One row per day whose events are kept and search terms: how often they were searched for, and what came of it.
-- identity: (SELECT coalesce(sum(searches + bot_searches), 0) FROM mart.search) = (SELECT count(*) FROM fact_search)
-- unique: date_key, search_terms
-- date_key: Day of the search, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- search_terms: As typed, lower-case, single-spaced, scrubbed; (none) where none were sent
-- searches: Searches by people
-- sessions: Sessions of people with such a search; not to be summed over terms or days
-- searches_without_click: Searches after which the session saw no product before its next search
-- sessions_without_click: Sessions none of whose such searches has a result click; not to be summed
-- click_rate: Searches with a result click / searches
-- bot_searches: Searches by bots
CREATE MATERIALIZED VIEW materialized.search AS
WITH searching AS (
    SELECT DISTINCT session_id, visit.visitor, visit.date_key, visit.started_at, visit.ended_at
    FROM fact_search
    JOIN fact_session AS visit USING (session_id)
), act AS (
    SELECT event.event_id, event.date_key, kind.step,
           lead(kind.step) OVER (
               PARTITION BY event.session_id ORDER BY event.event_time, event.bus_partition, event.bus_offset
           ) AS next_step
    FROM searching AS visit
    -- By the visitor, for whom there is an index: one session in thirty has a search.
    JOIN fact_event AS event
        ON event.visitor = visit.visitor AND event.session_id = visit.session_id
        AND event.event_time BETWEEN visit.started_at AND visit.ended_at AND event.date_key >= visit.date_key
    JOIN dim_event_kind AS kind USING (kind_key)
    WHERE kind.step IN ('search', 'view')
), searched AS (
    SELECT search.date_key, coalesce(search.search_terms, '(none)') AS search_terms, search.session_id, search.is_bot,
           coalesce(act.next_step = 'view', false) AS is_clicked
    FROM fact_search AS search
    LEFT JOIN act ON act.step = 'search' AND act.event_id = search.event_id AND act.date_key = search.date_key
), counted AS (
    SELECT date_key, search_terms, count(*) FILTER (WHERE NOT is_bot) AS searches,
           count(DISTINCT session_id) FILTER (WHERE NOT is_bot) AS sessions,
           count(*) FILTER (WHERE NOT is_bot AND NOT is_clicked) AS searches_without_click,
           count(DISTINCT session_id) FILTER (WHERE NOT is_bot AND is_clicked) AS sessions_with_click,
           count(*) FILTER (WHERE is_bot) AS bot_searches
    FROM searched
    GROUP BY date_key, search_terms
)
SELECT date_key, day.date, search_terms, searches, sessions, searches_without_click,
       sessions - sessions_with_click AS sessions_without_click,
       round((searches - searches_without_click)::numeric / nullif(searches, 0), 4) AS click_rate, bot_searches
FROM counted
JOIN dim_date AS day USING (date_key)
