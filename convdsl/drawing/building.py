"""From the folded tree to what can be placed: every part gets its glyph from the style, and its place in the recursion."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf

from convdsl.algebra import is_number
from convdsl.drawing import measure
from convdsl.drawing.layout import FORK, FRAME, TITLE, Chain, Framed, Laid, Lanes, OneBox, SideExit
from convdsl.drawing.scene import Line, Rect
from convdsl.drawing.style import Glyph, Joint, Style
from convdsl.drawing.telling import Box, Telling, is_wire, title
from convdsl.drawing.tree import Branches, Closed, Exit, Item, Items, Layers, Nest
from convdsl.messages import T

WIRE = 10.0
"""How much of a wire stands for an `identity`."""


class Builder:
    """Lays out a tree for one network and one style."""

    def __init__(self, style: Style, telling: Telling, down: bool) -> None:
        self.style, self.telling, self.down = style, telling, down
        self.lead = 22.0
        self.boxes: list[Box] = []
        self.last: Item | None = None
        """What the network ends with, whatever it stands in."""

    def whole(self, items: Items, room: float, begin: Box) -> Laid:
        """All of it, with the box `begin` first."""
        last = items[-1] if items else None
        while isinstance(last, Nest):
            last = last.items[-1]
        self.last = last
        return self._chain([self._one(begin), *self._parts(items, room, 1, 0)], room)

    def chain(self, items: Items, room: float, turns: int, depth: int) -> Laid:
        return self._chain(self._parts(items, room, turns, depth), room)

    def _parts(self, items: Items, room: float, turns: int, depth: int) -> list[Laid]:
        return [self._item(item, room, turns, depth) for item in items]

    def _chain(self, parts: Sequence[Laid], room: float) -> Chain:
        gaps = [self._gap(a, b) for a, b in pairwise(parts)]
        return Chain(parts, gaps, inf if self.down else room)

    def _gap(self, before: Laid, after: Laid) -> float:
        if isinstance(before, OneBox) and isinstance(after, OneBox):
            return self.style.apart(before.box, after.box)
        if isinstance(after, Lanes) or (isinstance(after, SideExit) and not after.last):
            return 0.0 if isinstance(before, (SideExit, Framed)) else 4.0
        return max(8.0, self.style.gap - FRAME) if isinstance(after, Framed) else self.style.gap

    def _item(self, item: Item, room: float, turns: int, depth: int) -> Laid:
        match item:
            case Layers():
                return self._one(self.telling.layers(item))
            case Closed():
                return self._one(self.telling.closed(item, turns))
            case Branches():
                return self._lanes(item, room, turns, depth)
            case Exit():
                return self._exit(item, room, turns, depth)
        return self._nest(item, room, turns, depth)

    def _one(self, box: Box) -> OneBox:
        self.boxes.append(box)
        if box.node is not None and len(box.nodes) == 1 and is_wire(box.node) and box.kind != "error":
            ends = ((WIRE / 2, 0.0), (WIRE / 2, WIRE)) if self.down else ((0.0, WIRE / 2), (WIRE, WIRE / 2))
            return OneBox(Glyph(box, WIRE, WIRE, (Line(ends),), *ends, wire=True), self.down)
        return OneBox(self.style.glyph(box), self.down)

    def _nest(self, item: Nest, room: float, turns: int, depth: int) -> Laid:
        inner, times = item, item.times
        if times == 1 and item.level.kind == "block" and len(item.items) == 1 and isinstance(item.items[0], Nest):
            only = item.items[0]
            if only.level.kind == "repeat" and only.times > 1:
                inner, times = only, only.times  # a block that holds nothing but a repeat: one frame is enough
        turns *= inner.times * (item.times if inner is not item else 1)
        if item.level.kind == "repeat" and times == 1:
            return self.chain(item.items, room, turns, depth)
        name = (
            title(item.level) if item.level.kind == "block" else str(T("frozen")) if item.level.name == "freeze" else ""
        )
        laid = self.chain(inner.items, room - 2 * FRAME, turns, depth + 1)
        return Framed(laid, name, f"× {times}" if times > 1 else "", self.down, depth)

    def _lanes(self, item: Branches, room: float, turns: int, depth: int) -> Laid:
        inside = room - FORK - self.lead - 60
        lanes = [self.chain(lane, inside, turns, depth) for lane in item.lanes]
        wires = [
            all(isinstance(part, Layers) and all(map(is_wire, part.nodes)) for part in lane) for lane in item.lanes
        ]
        main = 0 if item.name == "mul" else -1
        if item.name in ("add", "residual"):
            main = wires.index(False) if False in wires else 0
        elif True in wires:
            main = wires.index(True)
        elif len(lanes) == 1:
            main = 0
        lead = self.lead if any(lane for lane in item.lanes) else 6.0
        if item.join is None:
            return Lanes(lanes, None, main, lead, self.down)
        box = self.telling.layers(item.join)
        self.boxes.append(box)
        shares = self._shares(item.join)

        def joint(places: Sequence[float], axis: float) -> Joint:
            return self.style.joint(box, places, axis, shares)

        return Lanes(lanes, joint, main, lead, self.down)

    def _shares(self, join: Layers) -> list[float]:
        """How much of the channels comes from each branch; equal shares where they are unknown."""
        found = [self.telling.report[i].output for i in join.nodes[0].inputs]
        channels = [shape[-1] if shape else None for shape in found]
        if all(c is not None and is_number(c) for c in channels):
            total = sum(channels)  # type: ignore[arg-type]
            return [c / total for c in channels]  # type: ignore[operator]
        return [1 / len(channels)] * len(channels)

    def _exit(self, item: Exit, room: float, turns: int, depth: int) -> Laid:
        inner = self.chain(item.items, room - 140, turns, depth + 1)
        weight = None if item.weight is None else str(T("exit × {weight}", weight=f"{item.weight:g}"))
        text = item.name or weight or str(T("exit"))
        width = measure.width(text, TITLE) + 20
        mark = (
            Rect(0, 0, width, 22, "paper", "line:dense", 1.2, 11.0),
            measure.line(width / 2, 15, text, TITLE, "ink"),
        )
        return SideExit(inner, mark, (width, 22.0), self.down, self.lead, bool(item.name) and item is self.last)
