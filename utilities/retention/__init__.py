"""Retention: old months of the facts and old raw events out, counted and, where asked for, archived."""
