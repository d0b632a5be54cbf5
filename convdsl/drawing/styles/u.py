"""The U of U-Net: what a branch shrinks lies one level lower, and what goes straight across stays on its level.

It is a layout of its own, since its levels are no lanes: maps as bars, as high as the maps and as thick as there are
channels; where the two meet, one bar of two pieces.
"""

from __future__ import annotations

from convdsl.algebra import is_number
from convdsl.drawing import measure
from convdsl.drawing.levels import U
from convdsl.drawing.pen import Pen, Pending
from convdsl.drawing.scene import Line, Point, Rect, Shape
from convdsl.drawing.style import Glyph
from convdsl.drawing.styles import labels
from convdsl.drawing.styles.blocks import Paint
from convdsl.drawing.styles.sizes import Scale, thickness
from convdsl.drawing.telling import Box, Telling
from convdsl.drawing.tree import Closed, Layers

TALLEST = 104.0
GAP, LEVEL, ACROSS = 26.0, 30.0, 46.0
"""Between bars, between levels, and at least across at the bottom of the U."""
SMALL = 9.5


class Drawer:
    """Draws a U, from left to right, level by level."""

    def __init__(self, paint: Paint, scale: Scale, telling: Telling, pen: Pen) -> None:
        self.paint, self.scale, self.telling, self.pen = paint, scale, telling, pen
        self.boxes: list[Box] = []
        self.axes: list[float] = []
        self.right = 0.0

    def draw(self, u: U, x: float, y: float) -> Point:
        """Draws it with its corner at a place; returns its opposite corner."""
        bottom = self._levels(u, y)
        x, pending = self._bar(self.telling.input(), x, 0, Pending(-1, ((x, self.axes[0]),)), True)
        self._level(u, 0, x + GAP, pending)
        return self.right, bottom

    def _levels(self, u: U, top: float) -> float:
        """Finds the axis of each level; returns where the lowest ends."""
        first = [self.telling.input()]
        while True:
            boxes = [*first, *(self._told(b) for b in (*u.left, *u.right))]
            if u.join and u.rise:
                boxes.append(self._joint(u.rise, u.join))
            high = max((self._size(box)[1] for box in boxes), default=20.0)
            words = max((labels.height(self._words(box, True)) for box in boxes), default=0.0) + 4
            self.axes.append(top + words + high / 2)
            top += words + high + (LEVEL if u.inner else 0)
            first = []
            if u.inner is None:
                return top
            u = u.inner

    def _told(self, part: Layers | Closed) -> Box:
        return self.telling.layers(part) if isinstance(part, Layers) else self.telling.closed(part)

    def _joint(self, rise: Layers, join: Layers) -> Box:
        return self.telling.layers(Layers(rise.nodes + join.nodes, rise.cover + join.cover))

    def _size(self, box: Box) -> tuple[float, float]:
        """Width and height of a bar."""
        if box.after is None:
            return 26.0, 40.0
        if len(box.after) < 2:
            return 9.0, self.scale.vector(box.after)
        return max(8.0, thickness(box.after[-1])), self.scale.map(box.after)[1]

    def _words(self, box: Box, whole: bool) -> labels.Words:
        """What stands above a bar: what is wrong, a block's name, the size (`whole`, or the channels alone), figures."""
        words: labels.Words = [(box.code, SMALL, True, "line:error")] if box.code else []
        if len(box.nodes) > 1 and box.lines[0][:1].isalpha() and box.kind == "block":
            words += [(line, SMALL, True, "ink") for line in measure.wrapped(box.lines[0], SMALL, 90.0, True, 2)]
            if box.times > 1:
                words.append((f"× {box.times}", SMALL, True, "ink"))
        if box.size and box.after is not None:
            size = box.size if whole or box.last in self.telling.instead else self.telling.size(box.after[-1:])
            words += [(line, SMALL, False, "ink") for line in measure.wrapped(size, SMALL, 90.0, False, 3)]
        return words + [
            (line, SMALL, False, "muted") for text in box.figures for line in measure.wrapped(text, SMALL, 74.0)
        ]

    def _bar(
        self,
        box: Box,
        x: float,
        level: int,
        pending: Pending,
        whole: bool,
        piece: float = 0.0,
        middle: float | None = None,
    ) -> tuple[float, Pending]:
        """Draws one bar from `x` on, or around a `middle`; returns its right end and the wire that leaves it. `piece` is
        the share of its width that came straight across."""
        self.boxes.append(box)
        wide, high = self._size(box)
        words = self._words(box, whole)
        slot = max(wide, labels.width(words))
        if middle is not None:
            x = middle - slot / 2
        left, axis = (slot - wide) / 2, self.axes[level]
        above = labels.height(words) + 4
        fill, line = self.paint(box)
        shapes: list[Shape] = [Rect(left, above, wide, high, fill, line, 1.1)]
        if piece:
            shapes.append(Rect(left, above, wide * piece, high, "paper", line, 1.1))
        shapes += labels.written(words, slot / 2, 0.0)
        inlet, outlet = (left, above + high / 2), (left + wide, above + high / 2)
        self.pen.glyph(Glyph(box, slot, above + high, tuple(shapes), inlet, outlet), x, axis - high / 2 - above)
        if pending.node >= 0 and middle is None:
            self.pen.wire(pending.to((x + left, axis)), box.first, True)
        self.right = max(self.right, x + slot)
        return x + slot, Pending(box.last, ((x + left + wide, axis),), None)

    def _level(self, u: U, level: int, x: float, pending: Pending) -> tuple[float, Pending]:
        """Draws a level and what lies lower; returns its right end and the wire that leaves it."""
        axis, middle, high = self.axes[level], pending.points[-1][0], 0.0
        for number, part in enumerate(u.left):
            box = self._told(part)
            x, pending = self._bar(box, x, level, pending, number == 0)
            middle, high = pending.points[-1][0] - self._size(box)[0] / 2, self._size(box)[1]
            x += GAP
        if u.inner is None or u.join is None or u.rise is None:
            return x - GAP, pending
        down = Pending(pending.node, ((middle, axis + high / 2), (middle, self.axes[level + 1])))
        end, rising = self._level(u.inner, level + 1, middle + GAP, down)
        box = self._joint(u.rise, u.join)
        wide, tall = self._size(box)
        across = max(end + 14, x + ACROSS)
        share = self._share(u)
        # The wire from below ends in the middle of its own piece.
        centre = across + max(0.0, labels.width(self._words(box, True)) - wide) / 2 + wide * (share - share / 2)
        own = centre + wide * (share + (1 - share) / 2) - wide * (share / 2)
        middle = own - wide * (share + (1 - share) / 2) + wide / 2
        self.pen.wire(rising.to((own, self.axes[level + 1]), (own, axis + tall / 2)), u.rise.nodes[0].index, True)
        self._across(u, pending, middle - wide / 2, axis)
        x, pending = self._bar(box, 0.0, level, pending, True, share, middle)
        for part in u.right:
            x, pending = self._bar(self._told(part), x + GAP, level, pending, False)
        return x, pending

    def _across(self, u: U, pending: Pending, to: float, axis: float) -> None:
        """The wire that stays on its level, with its `identity` as a piece of it."""
        assert u.join
        target = u.join.nodes[0].index
        start = pending.points[-1][0]
        place = (start + to) / 2
        for wire in u.wires:
            box = self.telling.layers(wire)
            self.boxes.append(box)
            glyph = Glyph(box, 10.0, 10.0, (Line(((0, 5), (10, 5))),), (0, 5), (10, 5), wire=True)
            self.pen.glyph(glyph, place, axis - 5)
            self.pen.wire(pending.to((place, axis)), box.first, False)
            pending = Pending(box.last, ((place + 10, axis),))
            place += 10
        self.pen.wire(pending.to((to, axis)), target, True)

    def _share(self, u: U) -> float:
        """How much of the joint's channels came straight across."""
        assert u.join and u.rise
        sizes = [self.telling.report[i].output for i in u.join.nodes[0].inputs]
        channels = [s[-1] if s else None for s in sizes]
        if len(channels) != 2 or not all(c is not None and is_number(c) for c in channels):
            return 0.5
        rise = u.join.nodes[0].inputs.index(u.rise.nodes[-1].index)
        return channels[1 - rise] / sum(channels)  # type: ignore[operator,arg-type]
