-- One row per line whose product an earlier line names, taken out of staging; the first of them, with their number.
WITH numbered AS (
    SELECT line_number, first_value(line_number) OVER (PARTITION BY product_id ORDER BY line_number) AS first_line
    FROM staging.catalog_product
),
repeated AS (
    DELETE FROM staging.catalog_product AS staged
    USING numbered
    WHERE staged.line_number = numbered.line_number
      AND numbered.first_line < numbered.line_number
    RETURNING staged.line_number, staged.product_id, numbered.first_line
)
SELECT line_number, product_id, first_line, count(*) OVER () AS lines
FROM repeated
ORDER BY line_number
LIMIT %(shown)s
