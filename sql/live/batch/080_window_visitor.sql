-- One row per open window, visitor and person of the batch's events of people.
INSERT INTO live.window_visitor (window_start, visitor, person)
SELECT DISTINCT window_start, visitor, person
FROM arrived
WHERE verdict IS NULL AND NOT is_late AND NOT is_bot AND visitor IS NOT NULL
ON CONFLICT DO NOTHING
