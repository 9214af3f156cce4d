-- One row per open window of the batch's events: who was there. Whom one event names as a user is no other person in the
-- events that name none.
UPDATE live.window_total AS total
SET visitors = told.visitors, persons = told.persons
FROM (
    SELECT window_start, count(DISTINCT visitor) AS visitors,
           count(DISTINCT person) FILTER (WHERE person <> visitor OR NOT is_named) AS persons
    FROM (
        SELECT window_start, visitor, person,
               bool_or(person <> visitor) OVER (PARTITION BY window_start, visitor) AS is_named
        FROM live.window_visitor
        WHERE window_start IN (SELECT window_start FROM arrived WHERE verdict IS NULL AND NOT is_late)
    ) AS present
    GROUP BY window_start
) AS told
WHERE total.window_start = told.window_start
