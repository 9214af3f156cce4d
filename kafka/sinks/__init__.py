"""The stores that the consumer writes to, behind one port: what became of a batch, and how far a store is."""
