"""The live side as one command: its stages, and the processes that they run in."""
