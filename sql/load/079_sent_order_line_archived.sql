-- One row per line of a cart whose event retention has removed: no order can be told anew from it.
DELETE FROM etl.sent_order_line WHERE date_key < (SELECT etl.facts_kept_from())
