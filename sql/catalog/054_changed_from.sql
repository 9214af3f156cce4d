-- One row: the first day of whose facts the load may have changed the versions; 0 where a product's first one reaches back.
SELECT CASE
    WHEN coalesce(bool_or(valid_from = '-infinity'), false) THEN 0
    -- A day earlier: in some time zone it is.
    ELSE to_char(%(valid_from)s::timestamptz AT TIME ZONE 'UTC' - interval '1 day', 'YYYYMMDD')::integer
END AS from_key
FROM dim_product_version
WHERE load_id = %(load_id)s
