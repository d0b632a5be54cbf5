"""Stacks of maps, as LeNet is drawn: a sheet for each channel (a few stand for many), a window that leads on, bars for rows of
values."""

from __future__ import annotations

from collections.abc import Sequence

from convdsl.drawing import measure
from convdsl.drawing.scene import Line, Point, Polygon, Rect, Shape
from convdsl.drawing.style import Glyph, Joint
from convdsl.drawing.styles import labels
from convdsl.drawing.styles.blocks import Blocks, Paint
from convdsl.drawing.styles.sizes import Scale, nominal
from convdsl.drawing.telling import Box

TALLEST = 92.0
MOST_SHEETS = 7
STEP = 5.0
"""How far each sheet is drawn below and behind the one before."""
ROOM = 70.0
BAR = 9.0


class Maps:
    """See convdsl.drawing.style.Style."""

    gap = 34.0

    def __init__(self, paint: Paint, down: bool, scale: Scale) -> None:
        self.paint, self.down, self.scale = paint, down, scale
        self.blocks = Blocks(paint, down)

    def glyph(self, box: Box) -> Glyph:
        if box.after is None:
            return self.blocks.glyph(box)
        flat = len(box.after) < 2
        wide, high = (BAR, self.scale.vector(box.after)) if flat else self.scale.map(box.after)
        sheets = 1 if flat else int(min(nominal(box.after[-1]), MOST_SHEETS))
        body = (wide + STEP * (sheets - 1), high + STEP * (sheets - 1))
        words = labels.words(box._replace(size=""), max(ROOM, body[0]))
        head = measure.wrapped(box.size, labels.SMALL, 120.0, False, 3) if box.size else []
        width = max(body[0], labels.width(words), *(measure.width(t, labels.SMALL) for t in head), 0.0)
        left = (width - body[0]) / 2
        shapes = labels.written([(t, labels.SMALL, False, "muted") for t in head], width / 2, 0.0)
        top = len(head) * labels.SMALL * labels.LEADING + 5
        fill, line = self.paint(box)
        for sheet in range(sheets):
            shapes.append(Rect(left + STEP * sheet, top + STEP * sheet, wide, high, fill, line, 0.9))
        below = top + body[1] + 5
        shapes += labels.written(words, width / 2, below)
        height = below + labels.height(words) + 2
        middle = top + body[1] / 2
        ends: tuple[Point, Point] = ((left, middle), (left + body[0], middle))
        if self.down:
            ends = ((width / 2, 0.0), (width / 2, height))
        front = (left + STEP * (sheets - 1), top + STEP * (sheets - 1), wide, high)
        return Glyph(box, width, height, tuple(shapes), *ends, window=front)

    def apart(self, before: Box, after: Box) -> float:
        return self.gap

    def between(
        self, before: tuple[Glyph, float, float], after: tuple[Glyph, float, float]
    ) -> tuple[Shape, ...] | None:
        """A window on the last map and the value that comes of it; between rows of values, that each goes to each."""
        (one, x, y), (two, u, v) = before, after
        if not one.window or not two.window or abs(one.outlet[1] + y - two.inlet[1] - v) > 0.5:
            return None
        shape, result, node = one.box.after, two.box.after, two.box.node
        left, top, wide, high = one.window
        if shape is None or result is None or node is None:
            return None
        if two.box.kind == "dense":
            ahead = two.window
            return (
                Line(((x + left + wide, y + top), (u + ahead[0], v + ahead[1])), "wire", 0.8),
                Line(((x + left + wide, y + top + high), (u + ahead[0], v + ahead[1] + ahead[3])), "wire", 0.8),
            )
        k = getattr(node.layer, "k", None)
        if len(shape) != 3 or len(result) != 3 or not isinstance(k, tuple) or not all(isinstance(n, int) for n in k):
            return None
        size = [
            min(side, max(4.0, side * n / nominal(values)))
            for side, n, values in zip((wide, high), (k[-1], k[0]), (shape[1], shape[0]), strict=True)
        ]
        corner = (x + left + (wide - size[0]) * 0.72, y + top + (high - size[1]) * 0.5)
        ahead = two.window
        tip = (u + ahead[0] + ahead[2] * 0.35, v + ahead[1] + ahead[3] * 0.5)
        right = corner[0] + size[0]
        return (
            Rect(corner[0], corner[1], size[0], size[1], "none", "ink", 0.9),
            Line(((right, corner[1]), tip), "wire", 0.8),
            Line(((right, corner[1] + size[1]), tip), "wire", 0.8),
            Polygon(tuple((tip[0] + a, tip[1] + b) for a, b in ((-2, -2), (2, -2), (2, 2), (-2, 2))), "ink"),
        )

    def joint(self, box: Box, places: Sequence[float], axis: float, shares: Sequence[float]) -> Joint:
        return self.blocks.joint(box, places, axis, shares)
