-- One row per row of the visitor: run for each fact that is erased by person and whose rows are no single events.
DELETE FROM {fact} WHERE {owned}
