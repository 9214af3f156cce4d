-- One row per normalised referrer.
CREATE TABLE dim_referrer AS
SELECT row_number() OVER (ORDER BY referrer_url) AS referrer_key, *
FROM (SELECT DISTINCT referrer_url, referrer_domain, referrer_type FROM described_referrer)
