-- One row per set of options with a choice as it was, which is noted for the next statement by the hash that goes.
WITH former AS (
    DELETE FROM bridge_option_group WHERE option_key = ANY(%(keys)s) RETURNING option_group_key
)
UPDATE dim_option_group SET option_group_hash = NULL
WHERE option_group_key IN (SELECT option_group_key FROM former)
