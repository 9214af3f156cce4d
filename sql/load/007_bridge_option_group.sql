-- One row per set of options of the run and option in it that bridge_option_group lacks.
INSERT INTO bridge_option_group (option_group_key, option_key)
SELECT DISTINCT known.option_group_key, option.option_key
FROM staging.option_group AS staged
JOIN dim_option_group AS known USING (option_group_hash)
CROSS JOIN jsonb_array_elements(staged.choices) AS choice
JOIN dim_option AS option ON (option.option_label, option.option_value) = (choice ->> 0, choice ->> 1)
ON CONFLICT DO NOTHING
