-- One row per option and value of the run that dim_option lacks, in the order of both.
INSERT INTO dim_option (option_label, option_value)
SELECT DISTINCT choice ->> 0, choice ->> 1
FROM staging.option_group
CROSS JOIN jsonb_array_elements(choices) AS choice
WHERE NOT EXISTS (
    SELECT FROM dim_option AS known WHERE (known.option_label, known.option_value) = (choice ->> 0, choice ->> 1)
)
ORDER BY 1, 2
