"""All kinds of steps, by name, and how a function becomes one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdsl.registering import registering

Array = Any
NOTHING: Array = 0
STEPS: dict[str, Callable[..., Array]] = {}

step = registering(STEPS)
"""For what kinds of steps compute. A function takes the run, the step, and the values that it reads."""


# in and out, and what moves numbers


def by_channel(g: Array) -> Array:
    """The sum over everything but channels."""
    return g.reshape(-1, g.shape[-1]).sum(0)


def part_of(array: Any, offset: int) -> Any:
    """What begins at a place of records; an array without records is the whole."""
    fields = array.dtype.fields if array is not None else None
    if not fields:
        return array
    return array[next(name for name, field in fields.items() if field[1] == offset)]
