-- One row per campaign of the run that dim_campaign lacks, in the order of its hash.
INSERT INTO dim_campaign (campaign_hash, source, medium, campaign, term, content, click_id_kind)
SELECT staged.campaign_hash, staged.source, staged.medium, staged.campaign, staged.term, staged.content,
       staged.click_id_kind
FROM staging.campaign AS staged
WHERE NOT EXISTS (SELECT FROM dim_campaign AS known WHERE known.campaign_hash = staged.campaign_hash)
ORDER BY staged.campaign_hash
