"""A file that an operator loads: its lines as records, what a field must hold, and the lines that are bad."""
