-- One row per user of the run that dim_user lacks, in the order of the hash.
INSERT INTO dim_user (user_hash)
SELECT DISTINCT user_hash
FROM staged
WHERE user_hash IS NOT NULL AND NOT EXISTS (SELECT FROM dim_user AS known WHERE known.user_hash = staged.user_hash)
ORDER BY user_hash
