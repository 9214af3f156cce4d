-- One row per day, member and audience that a view belongs to whose person is another now, as a sketch cannot forget: run
-- for each fact with sketches by member.
DELETE FROM {fact} AS known
USING (SELECT DISTINCT date_key, {member} FROM staging.renamed_view) AS renamed
WHERE (known.date_key, known.{member}) = (renamed.date_key, renamed.{member})
