-- One row per touched visitor and audience with a touch before the sessions that are made anew: what the last session
-- before them knows of it, or where retention has unlinked that one, what the first of them knew.
INSERT INTO staging.touch_before (
    visitor, is_bot, touched_at, campaign_key, touch_referrer_key, first_touched_at, first_campaign_key,
    first_touch_referrer_key
)
SELECT DISTINCT ON (session.visitor, session.is_bot) session.visitor, session.is_bot,
       CASE WHEN session.touched_at < touched.from_time THEN session.touched_at END,
       session.campaign_key, session.touch_referrer_key, session.first_touched_at, session.first_campaign_key,
       session.first_touch_referrer_key
FROM staging.touched_visitor AS touched
JOIN fact_session AS session USING (visitor)
WHERE session.first_touched_at < touched.from_time
ORDER BY session.visitor, session.is_bot, session.started_at < touched.from_time DESC,
         abs(extract(epoch FROM session.started_at - touched.from_time)), session.ended_at DESC, session.session_id DESC
