-- Rows of the tables that revision 0022 makes, beside those that it carries over.
INSERT INTO dim_user_agent (user_agent_hash, device_type, browser_info, os, is_bot)
VALUES (md5('Mozilla/5.0')::uuid, 'Other', NULL, NULL, false);
UPDATE fact_search SET user_agent_key = (SELECT user_agent_key FROM dim_user_agent WHERE user_agent_hash IS NOT NULL);
