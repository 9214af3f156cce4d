-- One row per set of options with a scrubbed choice, and that choice.
INSERT INTO bridge_option_group (option_group_key, option_key)
SELECT DISTINCT bridge.option_group_key, option.option_key
FROM unnest(%(keys)s::bigint[], %(labels)s::text[], %(values)s::text[]) AS scrubbed (option_key, label, value)
JOIN bridge_option_group AS bridge USING (option_key)
JOIN dim_option AS option ON (option.option_label, option.option_value) = (scrubbed.label, scrubbed.value)
ON CONFLICT DO NOTHING
