-- One row per campaign that a landing page names (spark/enrichment/campaign.py).
INSERT INTO staging.campaign (campaign_hash, source, medium, campaign, term, content, click_id_kind)
SELECT campaign_hash, said ->> 0, said ->> 1, said ->> 2, said ->> 3, said ->> 4, said ->> 5
FROM (
    SELECT DISTINCT campaign_hash, campaign::jsonb AS said FROM staging.event WHERE campaign IS NOT NULL
) AS named
