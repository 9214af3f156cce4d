"""`./millrace COMMAND`: one command line in front of every command; each command keeps its own options."""
