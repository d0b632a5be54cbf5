"""Boxes in space, as AlexNet and VGG are drawn: as high and deep as the maps are, as thick as there are channels.

A darker band says that there is an activation; what has one size stands close together.
"""

from __future__ import annotations

from collections.abc import Sequence

from convdsl.drawing.scene import Line, Point, Polygon, Rect, Shape
from convdsl.drawing.style import Glyph, Joint
from convdsl.drawing.styles import labels
from convdsl.drawing.styles.blocks import Blocks, Paint
from convdsl.drawing.styles.sizes import Scale, nominal, thickness
from convdsl.drawing.telling import Box
from convdsl.layers.activation import Activation

SLOPE = 0.42
"""How far a side runs back for each pixel of its depth, to the right and up."""
CLOSE, APART = 5.0, 20.0
ROOM = 54.0
"""How wide the words below a box may be."""
TALLEST = 120.0
SHEET = 3.0


class Boxes:
    """See convdsl.drawing.style.Style."""

    gap = 22.0

    def __init__(self, paint: Paint, down: bool, scale: Scale) -> None:
        self.paint, self.down, self.scale = paint, down, scale
        self.blocks = Blocks(paint, down)

    def glyph(self, box: Box) -> Glyph:
        if box.after is None:
            return self.blocks.glyph(box)
        thick, high, run, rise = self._solid(box)
        words = labels.words(box, max(ROOM, thick + run))
        width = max(thick + run, labels.width(words))
        left = (width - thick - run) / 2
        fill, line = self.paint(box)
        kind = fill.partition(":")[2]
        top = rise
        top_paint, side_paint = (f"top:{kind}", f"side:{kind}") if fill.startswith("fill:") else (fill, fill)
        shapes: list[Shape] = [
            Polygon(
                ((left, top), (left + run, top - rise), (left + thick + run, top - rise), (left + thick, top)),
                top_paint,
                line,
                0.9,
            ),
            Polygon(
                (
                    (left + thick, top),
                    (left + thick + run, top - rise),
                    (left + thick + run, top + high - rise),
                    (left + thick, top + high),
                ),
                side_paint,
                line,
                0.9,
            ),
            Rect(left, top, thick, high, fill, line, 0.9),
        ]
        if fill.startswith("fill:") and any(_activates(n) for n in box.nodes) and box.kind not in ("block", "act"):
            band = max(2.0, thick * 0.25)
            shapes.append(Rect(left + thick - band, top, band, high, f"band:{kind}", "none"))
        if box.times > 1:
            shapes.append(Line(((left + SHEET, top + high + SHEET), (left + thick, top + high + SHEET)), line, 1.2))
        below = top + high + 6
        shapes += labels.written(words, left + (thick + run) / 2, below)
        height = below + labels.height(words) + 2
        middle = top + high / 2
        ends: tuple[Point, Point] = ((left, middle), (left + thick + run, middle))
        if self.down:
            ends = ((left + thick / 2 + run, 0.0), (left + (thick + run) / 2, height))
        window = (left + thick, top, run, rise, high)
        return Glyph(box, width, height, tuple(shapes), *ends, window=window)

    def _solid(self, box: Box) -> tuple[float, float, float, float]:
        """Thickness, height, and how far the sides run back and up."""
        shape = box.after or ()
        if len(shape) < 2:
            return 9.0, self.scale.vector(shape), 4.0, 4.0
        depth, high = self.scale.map(shape)
        back = depth * SLOPE if len(shape) > 2 else 4.0
        return thickness(shape[-1]), high, back, min(back, high * 0.45)

    def apart(self, before: Box, after: Box) -> float:
        return CLOSE if _close(before, after) else APART

    def between(
        self, before: tuple[Glyph, float, float], after: tuple[Glyph, float, float]
    ) -> tuple[Shape, ...] | None:
        """Boxes of one size touch almost, and need no arrow; else a window leads from one box to the next."""
        (one, x, y), (two, u, v) = before, after
        if one.outlet[1] + y != two.inlet[1] + v and abs(one.outlet[1] + y - two.inlet[1] - v) > 0.5:
            return None
        if _close(one.box, two.box):
            return ()
        shape, node = one.box.after, two.box.node
        if not one.window or not two.window or node is None or shape is None or len(shape) != 3:
            return None
        k = getattr(node.layer, "k", None)
        if not isinstance(k, tuple) or not all(isinstance(n, int) for n in k):
            return None
        left, top, run, rise, high = one.window
        share = [min(1.0, max(n / nominal(size), 0.12)) for n, size in zip((k[0], k[-1]), shape[:2], strict=True)]
        a, b = 0.5 - share[1] / 2, 0.5 + share[1] / 2
        c, d = 0.5 - share[0] / 2, 0.5 + share[0] / 2

        def on_side(across: float, along: float) -> Point:
            return (x + left + across * run, y + top + along * high - across * rise)

        tip = (u + two.inlet[0], v + two.inlet[1])
        corners = (on_side(a, c), on_side(b, c), on_side(b, d), on_side(a, d))
        return (
            Polygon(corners, "none", "ink", 0.8),
            Line((corners[1], tip), "wire", 0.8),
            Line((corners[2], tip), "wire", 0.8),
        )

    def joint(self, box: Box, places: Sequence[float], axis: float, shares: Sequence[float]) -> Joint:
        return self.blocks.joint(box, places, axis, shares)


def _close(before: Box, after: Box) -> bool:
    """Whether two boxes have maps of one size."""
    if before.after is None or after.after is None or "input" in (before.kind, after.kind):
        return False
    return len(before.after) == len(after.after) > 1 and before.after[:-1] == after.after[:-1]


def _activates(node: object) -> bool:
    return getattr(node, "activation", None) is not None or isinstance(getattr(node, "layer", None), Activation)
