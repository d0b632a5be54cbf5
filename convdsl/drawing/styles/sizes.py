"""How large maps are drawn, by their sizes: a scale for each network."""

from __future__ import annotations

from collections.abc import Iterable
from math import log2
from typing import Any

from convdsl.algebra import is_number

SOME = 64
"""What a symbol without a value is taken for where something has to be drawn."""


def nominal(value: Any) -> float:
    """A size as a number; a formula with SOME in the place of its symbols."""
    if is_number(value):
        return max(1.0, float(value))
    try:
        return max(1.0, float(value.subs(dict.fromkeys(value.free_symbols, SOME))))
    except (TypeError, ValueError, AttributeError):
        return float(SOME)


class Scale:
    """Lengths in pixels for maps of one network: the largest is `tallest` high, smaller ones by the root of their size, so
    that a map of 1×1 can still be seen beside one of 512×512."""

    def __init__(self, shapes: Iterable[tuple[Any, ...] | None], tallest: float) -> None:
        spatial = [nominal(n) for shape in shapes if shape and len(shape) > 1 for n in shape[-3:-1]]
        self.largest = max(spatial, default=1.0)
        self.tallest = tallest

    def side(self, size: Any) -> float:
        """Height or width of a map."""
        return max(7.0, self.tallest * (nominal(size) / self.largest) ** 0.5)

    def map(self, shape: tuple[Any, ...]) -> tuple[float, float]:
        """Width and height of a map of some shape. Of three axes the last two are drawn; a row of values is flat."""
        if len(shape) == 2:
            return 9.0, self.side(shape[0])
        return self.side(shape[-2]), self.side(shape[-3])

    def vector(self, shape: tuple[Any, ...]) -> float:
        """How tall a row of values is drawn."""
        return min(self.tallest, 14 + 9.0 * log2(nominal(shape[0]) + 1))


def thickness(channels: Any) -> float:
    """How thick a box with so many channels is."""
    return 3.0 + 3.4 * log2(nominal(channels) + 1)
