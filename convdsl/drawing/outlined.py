"""A drawing in letters, for those who do not see it and for terminals: a line for each box, branches between strokes.

input                   56×56×64
residual
├ ·
├ conv 64 k3 p1 relu    56×56×64
│ conv 64 k3 p1         56×56×64
└ add relu              56×56×64
"""

from __future__ import annotations

from collections.abc import Iterator

from convdsl.drawing.drawing import Choices, told
from convdsl.drawing.telling import Box, Telling, title
from convdsl.drawing.tree import Branches, Closed, Exit, Item, Items, Layers
from convdsl.messages import T
from convdsl.network import Analysis

Line = tuple[str, str]
"""What a box says, and the size that leaves it."""


def outlined(analysis: Analysis, choices: Choices) -> str:
    """The lines of a drawing, sizes in a column."""
    telling, items = told(analysis, choices)
    lines = [_box(telling.input()), *_items(items, telling)]
    wide = max(len(said) for said, _ in lines) + 2
    return "\n".join(f"{said:<{wide}}{size}".rstrip() for said, size in lines)


def _items(items: Items, telling: Telling) -> Iterator[Line]:
    for item in items:
        yield from _item(item, telling)


def _item(item: Item, telling: Telling) -> Iterator[Line]:
    match item:
        case Layers():
            yield _box(telling.layers(item))
        case Closed():
            yield _box(telling.closed(item))
        case Branches(name, lanes, join):
            yield name, ""
            for lane in lanes:
                inside = list(_items(lane, telling)) or [("·", "")]
                yield from (((("│ " if number else "├ ") + said), size) for number, (said, size) in enumerate(inside))
            if join is not None:
                said, size = _box(telling.layers(join))
                yield f"└ {said}", size
        case Exit(inside, _, name):
            yield name or str(T("side exit")), ""
            yield from ((f"  {said}", size) for said, size in _items(inside, telling))
        case _:
            yield title(item.level) + (f" × {item.times}" if item.times > 1 else ""), ""
            yield from ((f"  {said}", size) for said, size in _items(item.items, telling))


def _box(box: Box) -> Line:
    times = f" × {box.times}" if box.times > 1 else ""
    return " → ".join(box.lines) + times, " ".join(filter(None, [box.size, *box.figures]))
