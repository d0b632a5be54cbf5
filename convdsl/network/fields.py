"""What a value sees of the network's input, along each of the input's axes, and how layers widen it."""

from __future__ import annotations

from typing import Any

from convdsl import algebra
from convdsl.layers import Reach
from convdsl.records import NamedTuple

Shape = tuple[Any, ...]

NOWHERE = -1
"""The axis along which neighbours lie where a layer only wrote the positions in another way, such as 14×14 in a row."""
MIXED = -2
"""The same where they are not even in their order any more."""


class Field(NamedTuple):
    """What one value sees of the input along an axis: inputs `low` to `high` for the value at place 0, and `jump` inputs
    further for the next place; there are `places` of them. `axis` is the axis of the layer that runs along it."""

    low: Any
    high: Any
    jump: Any
    places: Any
    axis: int = 0

    @property
    def size(self) -> Any:
        return algebra.ceiling(self.high - self.low + 1)


def beginning(shape: Shape) -> tuple[Field, ...]:
    """What the values of the input see: themselves."""
    return tuple(Field(0, 0, 1, n, axis) for axis, n in enumerate(shape[:-1] or shape))


def merge(fields: list[tuple[Field, ...]]) -> tuple[Field, ...]:
    """Where branches meet, a value sees what any of them sees."""
    first = fields[0]
    for other in fields[1:]:
        if len(other) == len(first):
            first = tuple(
                Field(
                    algebra.minimum(a.low, b.low),
                    algebra.maximum(a.high, b.high),
                    algebra.maximum(a.jump, b.jump),
                    algebra.maximum(a.places, b.places),
                    a.axis if a.axis == b.axis or b.places == 1 else b.axis if a.places == 1 else MIXED,
                )
                for a, b in zip(first, other, strict=True)
            )
    return first


def see(reach: tuple[Reach, ...] | None, field: tuple[Field, ...], y: Shape) -> tuple[Field, ...]:
    """What the values behind a layer see, when those before it see `field`; `y` is the layer's output."""
    if reach is None:
        return tuple(map(_whole, field))
    sizes = y[:-1]
    if len(field) == len(sizes) and _as_they_were(field, sizes) and all(r == Reach(1, axis=r.axis) for r in reach):
        return tuple(f._replace(axis=axis) for axis, f in enumerate(field))
    return tuple(_further(f, reach, sizes) for f in field)


def _further(f: Field, reach: tuple[Reach, ...], sizes: Shape) -> Field:
    number = next((n for n, r in enumerate(reach) if (n if r.axis is None else r.axis) == f.axis), None)
    if number is None or f.axis < 0:
        still = all(r.extent == 1 and r.step == 1 for r in reach)
        moved = f.axis == MIXED or (f.axis < 0 and any(r.axis is not None and r.axis >= 0 for r in reach))
        return f._replace(axis=MIXED if moved else NOWHERE) if still or not reach else _whole(f)
    r = reach[number]
    low = f.low - r.before * f.jump
    high = low + (f.high - f.low) + (r.extent - 1) * f.jump
    return Field(low, high, f.jump * r.step, sizes[number] if number < len(sizes) else f.places, number)


def _whole(f: Field) -> Field:
    return f._replace(high=f.high + algebra.floor_divide((f.places - 1) * f.jump, 1), places=1)


def _as_they_were(field: tuple[Field, ...], sizes: Shape) -> bool:
    """Whether positions that were written in a row stand in their places again."""
    return all(f.axis == NOWHERE and f.places == n for f, n in zip(field, sizes, strict=True))
