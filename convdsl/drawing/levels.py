"""Whether a network is a U, and its levels: what a branch shrinks lies one level lower, and what stays goes straight across."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from convdsl.drawing.telling import is_wire, kind_of
from convdsl.drawing.tree import Branches, Closed, Exit, Item, Items, Layers, Nest, cover
from convdsl.network.outline import Level


class U(NamedTuple):
    """A level of the U: bars on the way down, what lies lower, and bars on the way up, the joint first."""

    left: tuple[Layers | Closed, ...]
    inner: U | None
    rise: Layers | None
    """What enlarges, at the end of what lies lower: it is drawn as a piece of the joint."""
    join: Layers | None
    wires: tuple[Layers, ...]
    """What the straight way is written as: `identity`, or nothing."""
    right: tuple[Layers | Closed, ...]


def levels(items: Items) -> U | None:
    """A network as a U; None where it is none."""
    if has_exits(items):  # there is no place for them
        return None
    found = _level(tuple(_flat(items)))
    return found if found.inner is not None else None


def depth(u: U) -> int:
    """How many times something goes straight across."""
    return 0 if u.inner is None else 1 + depth(u.inner)


def _flat(items: Items) -> Iterator[Item]:
    """A chain without frames: what is repeated is one box, and blocks are opened."""
    for item in items:
        if isinstance(item, Nest) and item.times == 1:
            yield from _flat(item.items)
        elif isinstance(item, Nest):
            yield Closed(item.level, item.items, cover(item.items), item.times)
        else:
            yield item


def _level(items: tuple[Item, ...]) -> U:
    for place, item in enumerate(items):
        if isinstance(item, Branches) and (lane := _lower(item)) is not None:
            inner = _level(lane[:-1])
            rise = lane[-1]
            if isinstance(rise, Layers) and (inner.left or inner.inner):
                left, right = _boxes(items[:place]), _boxes(items[place + 1 :])
                wires = min(item.lanes, key=lambda part: not _is_wire(part))
                return U(left, inner, rise, item.join, tuple(p for p in wires if isinstance(p, Layers)), right)
    return U(_boxes(items), None, None, None, (), ())


def _lower(item: Branches) -> tuple[Item, ...] | None:
    """What lies a level lower between two ends of a wire: it shrinks at first and grows at last."""
    if len(item.lanes) != 2 or item.join is None or item.name != "concat":
        return None
    wires = [_is_wire(lane) for lane in item.lanes]
    if sorted(wires) != [False, True] or any(isinstance(p, Exit) for p in item.lanes[wires.index(False)]):
        return None
    lane = tuple(_flat(item.lanes[wires.index(False)]))
    grows = isinstance(lane[-1], Layers) and kind_of(lane[-1].nodes[0]) == "up"
    return lane if grows and len(lane) > 1 else None


def _is_wire(lane: Items) -> bool:
    return all(isinstance(p, Layers) and all(map(is_wire, p.nodes)) for p in lane)


def _boxes(items: tuple[Item, ...]) -> tuple[Layers | Closed, ...]:
    """Each item as one box."""
    found: list[Layers | Closed] = []
    for item in items:
        if isinstance(item, (Layers, Closed)):
            found.append(item)
        elif isinstance(item, Branches):
            found.append(Closed(Level("brace", item.name), (item,), cover((item,)), branches=len(item.lanes)))
        elif isinstance(item, Nest):
            found.append(Closed(item.level, item.items, cover(item.items), item.times))
    return tuple(found)


def has_exits(items: Items) -> bool:
    """Whether there are side exits, which the U has no place for."""
    return any(
        isinstance(i, Exit)
        or (isinstance(i, Nest) and has_exits(i.items))
        or (isinstance(i, Branches) and any(map(has_exits, i.lanes)))
        for i in items
    )
