-- One row per order of another in a session of the person, told by events that retention removed: it is its visitor's.
UPDATE fact_order SET person = visitor WHERE person = %(visitor)s
