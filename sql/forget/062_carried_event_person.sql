-- One row per event of another that an order carries over, of a session of the person: it is its visitor's.
UPDATE etl.carried_event SET person = visitor WHERE person = %(visitor)s
