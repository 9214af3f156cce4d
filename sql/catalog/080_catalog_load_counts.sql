-- One row: this load, with what it changed.
UPDATE etl.catalog_load
SET new_products = %(new_products)s, changed_products = %(changed_products)s
WHERE load_id = %(load_id)s
