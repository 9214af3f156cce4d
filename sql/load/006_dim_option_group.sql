-- One row per set of options of the run that dim_option_group lacks, in the order of its hash.
INSERT INTO dim_option_group (option_group_hash, choices)
SELECT DISTINCT ON (staged.option_group_hash) staged.option_group_hash, named.choices
FROM staging.option_group AS staged
CROSS JOIN LATERAL (
    SELECT string_agg((choice ->> 0) || ': ' || (choice ->> 1), ', ' ORDER BY position) AS choices
    FROM jsonb_array_elements(staged.choices) WITH ORDINALITY AS listed (choice, position)
) AS named
WHERE NOT EXISTS (SELECT FROM dim_option_group AS known WHERE known.option_group_hash = staged.option_group_hash)
ORDER BY staged.option_group_hash
