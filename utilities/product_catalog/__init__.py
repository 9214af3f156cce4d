"""A product catalogue on its way into the warehouse: the file, what a line must hold, and the merge."""
