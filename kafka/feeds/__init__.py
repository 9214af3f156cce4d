"""The feeds as `config/feeds` declares them: one contract a feed, read once, and the one validator of its events."""
