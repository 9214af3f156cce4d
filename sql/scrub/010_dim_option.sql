-- One row per choice as it reads once scrubbed that dim_option lacks.
INSERT INTO dim_option (option_label, option_value)
SELECT DISTINCT label, value
FROM unnest(%(labels)s::text[], %(values)s::text[]) AS scrubbed (label, value)
WHERE NOT EXISTS (SELECT FROM dim_option WHERE (option_label, option_value) = (label, value))
