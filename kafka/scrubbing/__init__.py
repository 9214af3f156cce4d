"""Personal text taken out of what is searched and counted: the one place that knows how it looks."""
