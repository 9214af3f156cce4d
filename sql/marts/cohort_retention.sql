-- One row per week of the first session and week since then: how many of these persons came again.
-- identity: (SELECT coalesce(sum(persons), 0) FROM mart.cohort_retention WHERE weeks_later = 0)
--   = (SELECT count(DISTINCT person) FROM fact_session WHERE NOT is_bot)
-- unique: cohort_week, weeks_later
-- cohort_week: Monday of the week of a person's first session whose events are kept, in the business time zone
-- weeks_later: Weeks since then, up to the week of the newest session; that one may be unfinished
-- cohort_persons: Persons, no bots, whose first session was in the cohort's week
-- persons: Of these, persons with a session in the later week
-- retention: Persons / cohort persons
CREATE MATERIALIZED VIEW materialized.cohort_retention AS
WITH person_week AS (
    SELECT DISTINCT visit.person, day.date - (day.day_of_week - 1) AS week
    FROM fact_session AS visit
    JOIN dim_date AS day USING (date_key)
    WHERE NOT visit.is_bot AND visit.person IS NOT NULL
), cohort AS (
    SELECT week, min(week) OVER (PARTITION BY person) AS cohort_week FROM person_week
), came AS (
    SELECT cohort_week, (week - cohort_week) / 7 AS weeks_later, count(*) AS persons
    FROM cohort
    GROUP BY cohort_week, week
), every_week AS (
    SELECT cohort_week, persons AS cohort_persons,
           generate_series(0, ((SELECT max(week) FROM person_week) - cohort_week) / 7) AS weeks_later
    FROM came
    WHERE weeks_later = 0
)
SELECT cohort_week, weeks_later, every_week.cohort_persons, coalesce(came.persons, 0) AS persons,
       round(coalesce(came.persons, 0)::numeric / every_week.cohort_persons, 4) AS retention
FROM every_week
LEFT JOIN came USING (cohort_week, weeks_later)
