-- One row per product and page as it reads once scrubbed: with the views of all that read so, to be read anew.
INSERT INTO etl.product_page AS known (product_key, page, views, read_by)
SELECT product_key, scrubbed.new, sum(views), ''
FROM etl.product_page
JOIN unnest(%(old)s::text[], %(new)s::text[]) AS scrubbed (old, new) ON page = scrubbed.old
GROUP BY product_key, scrubbed.new
ON CONFLICT (product_key, page) DO UPDATE
SET views = known.views + excluded.views, read_by = ''
