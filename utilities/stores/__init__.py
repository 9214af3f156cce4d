"""The operator's connections to the stores, and every error of theirs as one line."""
