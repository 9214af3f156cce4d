-- Rows of the tables that revision 0026 makes, beside those that it carries over.
INSERT INTO staging.campaign (campaign_hash, source, click_id_kind)
VALUES (md5('["google",null,null,null,null,"gclid"]')::uuid, 'google', 'gclid');
INSERT INTO staging.touch_before (visitor, is_bot, touched_at, campaign_key)
VALUES ('9b7c2f0e-0000-4000-8000-000000000001', false, '2026-01-05 09:50Z', 1);
