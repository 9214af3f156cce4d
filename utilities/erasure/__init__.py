"""Erasure: one person out of every store, and the proof that nothing is left."""
