-- One row per row of the visitor: run for each fact that is declared to be erased by person.
DELETE FROM {fact} WHERE {person} = %(visitor)s
