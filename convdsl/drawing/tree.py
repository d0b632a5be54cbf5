"""The shape of a network: layers in series, branches side by side, blocks around them. Branches only nest, so this is a tree.

It holds each layer once, in the order of the data. What folding makes of it (fold.py) is of the same parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from convdsl.layers import COMBINATIONS
from convdsl.network import Node
from convdsl.network.outline import Group, Level, outline


class Layers(NamedTuple):
    """One box: a layer, or some that are drawn as one. `cover` are the indices of all layers that the box stands for, those
    of other turns of a repeat included."""

    nodes: tuple[Node, ...]
    cover: tuple[int, ...]


class Nest(NamedTuple):
    """What stands in a block, in `freeze`, or in a turn of a `repeat`. `times` of them follow each other, all alike."""

    level: Level
    items: Items
    times: int = 1


class Branches(NamedTuple):
    """Lanes from one place to the layer that joins them; it is None where the program breaks off. A lane without layers is
    a wire."""

    name: str
    lanes: tuple[Items, ...]
    join: Layers | None


class Exit(NamedTuple):
    """A side exit, with the weight of its loss, or an output with its name."""

    items: Items
    weight: float | None
    name: str = ""


class Closed(NamedTuple):
    """Something that is drawn as one box. `what` is the first turn of it; `level` is None where layers were left out."""

    level: Level | None
    what: Items
    cover: tuple[int, ...]
    times: int = 1
    branches: int = 0


Item = Layers | Nest | Branches | Exit | Closed
Items = tuple[Item, ...]


def tree(nodes: Iterable[Node]) -> Items:
    """The tree of a network's layers."""
    return _items(outline(nodes))


def _items(parts: tuple[Node | Group, ...]) -> Items:
    found: list[Item] = []
    place = 0
    while place < len(parts):
        part = parts[place]
        place += 1
        if not isinstance(part, Group):
            one = Layers((part,), (part.index,))
            found.append(
                Branches(part.op, ((),) * len(part.inputs), one)
                if part.op in COMBINATIONS and len(part.inputs) > 1
                else one
            )
            continue
        level = part.level
        if level.kind != "brace" or level.name == "freeze":
            inside = _items(part.items)
            exits = [item._replace(items=(Nest(level, item.items),)) for item in inside if isinstance(item, Exit)]
            # where there is nothing else in it, the chain goes by, and the block stands beside it
            found += exits if exits and len(exits) == len(inside) else [Nest(level, inside)]
        elif level.name == "aux":
            found.append(Exit(_items(part.items), part.nodes()[-1].exit))
        elif level.name == "output":
            found.append(Exit(_items(part.items), None, *level.arguments))
        elif level.name in ("residual", "split", "softmax") or level.name in COMBINATIONS:
            lanes = {level.branch: _items(part.items)}
            while place < len(parts) and _is_branch(parts[place], level):
                lanes[parts[place].level.branch] = _items(parts[place].items)  # type: ignore[union-attr]
                place += 1
            found.append(_joined(level.name, lanes, parts[place] if place < len(parts) else None))
            place += 1
    return tuple(found)


def _is_branch(part: Node | Group, level: Level) -> bool:
    return isinstance(part, Group) and part.level == level._replace(branch=part.level.branch)


def _joined(name: str, lanes: dict[int, Items], join: Node | Group | None) -> Branches:
    """The branches and the layer that follows them. The way around a `residual` comes first: it is drawn above."""
    assert not isinstance(join, Group)
    one = Layers((join,), (join.index,)) if join else None
    if name == "residual":
        return Branches(name, ((), lanes[0]), one)
    count = len(join.inputs) if join else max(lanes)
    return Branches(name, tuple(lanes.get(number, ()) for number in range(1, count + 1)), one)


def inside(part: Closed) -> Items:
    """The tree of what is in a closed box, one turn of it, without what is around it."""
    items = tree(nodes(part.what))
    while len(items) == 1:
        match items[0]:
            case Nest() | Exit() as shell:
                items = shell.items
            case Branches(lanes=lanes, join=None) if sum(map(bool, lanes)) == 1:  # one branch of those around it
                items = next(filter(None, lanes))
            case _:
                break
    return items


def layers(items: Items) -> Iterator[Layers]:
    """All boxes of layers in a tree, in the order of the data."""
    for item in items:
        if isinstance(item, Layers):
            yield item
        elif isinstance(item, Branches):
            for lane in item.lanes:
                yield from layers(lane)
            if item.join:
                yield item.join
        else:
            yield from layers(item.what if isinstance(item, Closed) else item.items)


def drawn(items: Items) -> Iterator[Layers | Closed]:
    """The boxes that a tree is drawn as, in the order of the data."""
    for item in items:
        if isinstance(item, (Layers, Closed)):
            yield item
        elif isinstance(item, Branches):
            for lane in item.lanes:
                yield from drawn(lane)
            if item.join:
                yield item.join
        else:
            yield from drawn(item.items)


def nodes(items: Items) -> Iterator[Node]:
    """All layers in a tree, one turn of each repeat."""
    for box in layers(items):
        yield from box.nodes


def cover(items: Items) -> tuple[int, ...]:
    """The indices of all layers that a tree stands for."""
    return tuple(index for box in layers(items) for index in box.cover)


def count(items: Items) -> int:
    """How many boxes a tree is drawn as."""
    return sum(1 for _ in drawn(items))


def depth(items: Items) -> int:
    """How deep blocks and branches nest. What holds one thing only is as deep as that."""
    deepest = 0
    for item in items:
        if isinstance(item, Branches):
            deepest = max(deepest, 1 + max((depth(lane) for lane in item.lanes), default=0))
        elif isinstance(item, (Nest, Exit)):
            deepest = max(deepest, depth(item.items) + (not is_shell(item)), 1)
    return deepest


def is_shell(item: Item) -> bool:
    """Whether there is one thing only in a block or a repeat, which opens with it."""
    return isinstance(item, (Nest, Exit)) and len(item.items) == 1 and not isinstance(item.items[0], (Layers, Closed))
