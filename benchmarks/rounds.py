"""The order in which the sides of a comparison take their turn."""

from collections.abc import Sequence


def turn(sides: Sequence[str], number: int) -> list[str]:
    """Another side begins each round, so that none always profits from its place."""
    first = number % len(sides)
    return [*sides[first:], *sides[:first]]
