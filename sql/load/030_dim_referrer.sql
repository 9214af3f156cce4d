-- One row per normalised referrer of the run that dim_referrer lacks, in the order of its hash.
INSERT INTO dim_referrer (referrer_sha256, referrer_url, referrer_domain, referrer_type, referrer_name)
SELECT DISTINCT ON (staged.referrer_sha256) staged.*
FROM (
    SELECT sha256(convert_to(referrer_url, 'UTF8')) AS referrer_sha256, referrer_url, referrer_domain, referrer_type,
           referrer_name
    FROM staging.referrer
) AS staged
WHERE NOT EXISTS (SELECT FROM dim_referrer AS known WHERE known.referrer_sha256 = staged.referrer_sha256)
ORDER BY staged.referrer_sha256
