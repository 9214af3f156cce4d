-- One row per choice as it was before it was scrubbed.
DELETE FROM dim_option WHERE option_key = ANY(%(keys)s)
