-- One row per referrer of the run that is classified otherwise than before: the rules have changed.
UPDATE dim_referrer AS referrer
SET referrer_domain = staged.referrer_domain,
    referrer_type = staged.referrer_type,
    referrer_name = staged.referrer_name
FROM (
    SELECT DISTINCT sha256(convert_to(referrer_url, 'UTF8')) AS referrer_sha256, referrer_domain, referrer_type,
           referrer_name
    FROM staging.referrer
) AS staged
WHERE referrer.referrer_sha256 = staged.referrer_sha256
  AND (referrer.referrer_domain, referrer.referrer_type, referrer.referrer_name)
      IS DISTINCT FROM (staged.referrer_domain, staged.referrer_type, staged.referrer_name)
