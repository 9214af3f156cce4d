-- One row per product that its pages describe otherwise than dim_product did; what they do not tell stays.
-- Each attribute by itself: the preferred languages in their order, then the most frequent, then by the alphabet.
-- What a catalogue names has its name and category from there, and the path from its pages.
WITH page AS (
    SELECT *, array_position(%(languages)s::text[], language) AS place
    FROM etl.product_page
    WHERE product_key IN (SELECT product_key FROM staging.touched_product)
), name AS (
    SELECT DISTINCT ON (product_key) product_key, product_name, language
    FROM page
    GROUP BY product_key, product_name, language, place
    ORDER BY product_key, place NULLS LAST, sum(views) DESC, language COLLATE "C", product_name COLLATE "C"
), kind AS (
    SELECT DISTINCT ON (product_key) product_key, category
    FROM page
    WHERE category IS NOT NULL
    GROUP BY product_key, category, language, place
    ORDER BY product_key, place NULLS LAST, sum(views) DESC, language COLLATE "C", category COLLATE "C"
), path AS (
    SELECT DISTINCT ON (product_key) product_key, category_path
    FROM page
    WHERE category_path IS NOT NULL
    GROUP BY product_key, category_path, language, place
    ORDER BY product_key, place NULLS LAST, sum(views) DESC, language COLLATE "C", category_path COLLATE "C"
), described AS (
    -- A name without a language is from before pages were told apart: where no page of the shop says it, nobody does.
    SELECT product_key,
           CASE WHEN catalogued_at IS NOT NULL THEN known.product_name
                WHEN name.product_key IS NOT NULL THEN name.product_name
                WHEN known.language IS NOT NULL THEN known.product_name END AS product_name,
           CASE WHEN catalogued_at IS NOT NULL THEN known.language
                ELSE coalesce(name.language, known.language) END AS language,
           CASE WHEN catalogued_at IS NOT NULL THEN known.category
                ELSE coalesce(kind.category, known.category) END AS category,
           CASE WHEN catalogued_at IS NOT NULL THEN known.category_group
                ELSE %(category_groups)s::jsonb ->> coalesce(kind.category, known.category) END AS category_group,
           coalesce(path.category_path, known.category_path) AS category_path
    FROM (SELECT DISTINCT product_key FROM staging.touched_product) AS touched
    JOIN dim_product AS known USING (product_key)
    LEFT JOIN name USING (product_key)
    LEFT JOIN kind USING (product_key)
    LEFT JOIN path USING (product_key)
    WHERE product_key > 0
)
UPDATE dim_product AS product
SET product_name = described.product_name,
    language = described.language,
    category = described.category,
    category_group = described.category_group,
    category_path = described.category_path
FROM described
WHERE product.product_key = described.product_key
  AND (product.product_name, product.language, product.category, product.category_group, product.category_path)
      IS DISTINCT FROM (described.product_name, described.language, described.category,
                        described.category_group, described.category_path)
