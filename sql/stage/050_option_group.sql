-- One row per set of options that was chosen, on a page or in a cart.
INSERT INTO staging.option_group (option_group_hash, choices)
SELECT DISTINCT option_group_hash, choices
FROM (
    SELECT option_group_hash, choices FROM staging.event WHERE choices IS NOT NULL
    UNION ALL
    SELECT option_group_hash, choices FROM staging.order_line WHERE choices IS NOT NULL
) AS chosen
