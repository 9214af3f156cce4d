-- One row per set of options without a hash: described anew by the choices in it.
UPDATE dim_option_group AS known
SET choices = named.choices
FROM (
    SELECT option_group_key, string_agg(option_label || ': ' || option_value, ', ' ORDER BY option_label, option_value)
        AS choices
    FROM bridge_option_group JOIN dim_option USING (option_key)
    GROUP BY option_group_key
) AS named
WHERE known.option_group_key = named.option_group_key AND known.option_group_hash IS NULL
