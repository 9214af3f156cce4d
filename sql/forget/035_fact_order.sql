-- One row per order, whose lines go with it of the visitor.
DELETE FROM fact_order WHERE visitor = %(visitor)s
