"""Dead letters: how a refused record is kept, what became of it, and how it is published again."""
