-- One row per product and page of the shop that new views saw: how often it was seen, and what it tells.
INSERT INTO etl.product_page AS known (
    product_key, page, views, product_name, language, category, category_path, read_by
)
SELECT event.product_key, event.page, event.views, staged.product_name, staged.language, staged.category,
       staged.category_path, %(page_rules)s
FROM (
    SELECT product_key, page, count(*) AS views
    FROM staging.resolved_event
    WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
    GROUP BY product_key, page
) AS event
JOIN dim_product AS product USING (product_key)
JOIN staging.product AS staged ON staged.product_id = product.product_id AND staged.page = event.page
WHERE staged.product_name IS NOT NULL
ON CONFLICT (product_key, page) DO UPDATE
SET views = known.views + excluded.views,
    product_name = excluded.product_name,
    language = excluded.language,
    category = excluded.category,
    category_path = excluded.category_path,
    read_by = excluded.read_by
