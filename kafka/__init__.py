"""Everything that touches the bus: topics, the mirror, the consumer and its two sinks, dead letters."""
