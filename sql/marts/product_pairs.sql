-- One row per pair of products that people saw together in the 30 days up to the newest session.
--   Sessions of 2 to 20 products count: a crawler's thousand would be half a million pairs. A pair counts from two
--   sessions on, and from one in 100,000 sessions on: rarer ones are chance, and there are millions of them.
-- identity: NOT EXISTS (SELECT FROM mart.product_pairs
--   WHERE sessions < 2 OR sessions > least(first_sessions, second_sessions) OR first_key >= second_key)
-- unique: first_key, second_key
-- first_key: The product of the pair with the smaller key (dim_product)
-- second_key: The other product (dim_product)
-- first_id: The shop's id of the first product
-- first_name: Its name
-- second_id: The shop's id of the second product
-- second_name: Its name
-- sessions: Sessions with both
-- first_sessions: Sessions of 2 to 20 products with the first
-- second_sessions: Sessions of 2 to 20 products with the second
-- lift: Sessions with both / those expected if the two were independent; above 1 they attract each other
CREATE MATERIALIZED VIEW materialized.product_pairs AS
WITH window_start AS (
    SELECT to_char(to_date(max(date_key)::text, 'YYYYMMDD') - 30, 'YYYYMMDD')::integer AS date_key FROM fact_session
), seen AS MATERIALIZED (
    SELECT DISTINCT session_id, viewed.product_key
    FROM fact_session AS visit
    JOIN fact_product_view_event AS viewed USING (session_id)
    WHERE NOT visit.is_bot
      AND visit.distinct_products BETWEEN 2 AND 20
      AND visit.date_key > (SELECT date_key FROM window_start)
      AND viewed.date_key > (SELECT date_key FROM window_start)
      AND viewed.product_key <> -1
), total AS MATERIALIZED (
    SELECT count(*) AS sessions FROM (SELECT FROM seen GROUP BY session_id) AS visit
), product AS (
    SELECT product_key, count(*) AS sessions FROM seen GROUP BY product_key
), pair AS (
    SELECT one.product_key AS first_key, other.product_key AS second_key, count(*) AS sessions
    FROM seen AS one
    JOIN seen AS other ON other.session_id = one.session_id AND other.product_key > one.product_key
    GROUP BY one.product_key, other.product_key
    HAVING count(*) >= greatest(2, (SELECT sessions / 100000 FROM total))
)
SELECT pair.first_key, pair.second_key, one.product_id AS first_id, one.product_name AS first_name,
       other.product_id AS second_id, other.product_name AS second_name, pair.sessions,
       first.sessions AS first_sessions, second.sessions AS second_sessions,
       round(pair.sessions::numeric * total.sessions / (first.sessions * second.sessions), 2) AS lift
FROM pair
JOIN product AS first ON first.product_key = pair.first_key
JOIN product AS second ON second.product_key = pair.second_key
JOIN dim_product AS one ON one.product_key = pair.first_key
JOIN dim_product AS other ON other.product_key = pair.second_key
CROSS JOIN total
