-- One row per session of the last hours that the person was in, and per open window of it. What is counted of open
-- windows stays: under random keys that lead to nobody.
WITH theirs AS (
    SELECT feed, session FROM live.recent_session WHERE person = %(visitor)s
    UNION
    SELECT feed, session FROM live.window_session WHERE person = %(visitor)s
), anew AS MATERIALIZED (
    SELECT feed, session, gen_random_uuid() AS unknown_session FROM theirs
), somebody AS MATERIALIZED (
    SELECT gen_random_uuid() AS unknown_person
), of_window AS (
    UPDATE live.window_session AS present
    SET session = anew.unknown_session,
        person = CASE WHEN present.person = %(visitor)s THEN somebody.unknown_person ELSE present.person END
    FROM anew, somebody
    WHERE present.feed = anew.feed AND present.session = anew.session
)
UPDATE live.recent_session AS recent
SET session = anew.unknown_session,
    person = CASE WHEN recent.person = %(visitor)s THEN somebody.unknown_person ELSE recent.person END
FROM anew, somebody
WHERE recent.feed = anew.feed AND recent.session = anew.session
