-- One row per session that the run makes anew.
DELETE FROM fact_session AS session
USING staging.touched_visitor AS touched
WHERE session.visitor = touched.visitor AND session.started_at >= touched.from_time
