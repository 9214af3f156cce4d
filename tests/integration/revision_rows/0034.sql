-- Rows of the table that revision 0034 makes.
INSERT INTO serving.api_key (key_id, kind, name, secret_hash, feeds, origins, events_per_second, burst)
VALUES ('0123456789ab', 'secret', 'the shop', '\x00', '{product_views}', '{}', 100, 1000);
