"""The block diagram: a box for each layer with what the program says of it, and the size that leaves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from convdsl.drawing import measure
from convdsl.drawing.scene import Circle, Line, Point, Polygon, Rect, Shape
from convdsl.drawing.style import Glyph, Joint
from convdsl.drawing.telling import Box, sign

NAME, MORE, SMALL = 12.0, 11.0, 10.5
"""Sizes of the letters: the layer, what belongs to it, sizes and figures."""
WIDEST = 150.0
LEAST = 62.0
PAD_X, PAD_Y = 10.0, 8.0
LEADING = 1.28
RADIUS = 10.0
BAR = 12.0
SLANT = 6.0

Paint = Callable[[Box], tuple[str, str]]
"""The fill and the line of a box."""


class Blocks:
    """See convdsl.drawing.style.Style."""

    gap = 26.0

    def __init__(self, paint: Paint, down: bool) -> None:
        self.paint, self.down = paint, down

    def glyph(self, box: Box) -> Glyph:
        lines = self._lines(box)
        width = max(LEAST, max(measure.width(t, s, b) for t, s, b, _ in lines) + 2 * PAD_X)
        if box.kind in ("pool", "up"):
            width += SLANT
        height = sum(s * LEADING for _, s, _, _ in lines) + 2 * PAD_Y
        sheets = 3.0 if box.kind == "block" and box.times > 1 else 0.0
        shapes: list[Shape] = []
        fill, line = self.paint(box)
        for sheet in (2.0, 1.0) if sheets else ():
            shift = sheets * sheet
            shapes.append(Rect(shift, -shift, width, height, fill, line, 1.0, 5.0))
        shapes.append(self._form(box, width, height, fill, line))
        if box.kind == "block":
            shapes.append(Rect(2.5, 2.5, width - 5, height - 5, "none", line, 0.6, 3.0))
        baseline = PAD_Y
        for text, size, bold, paint in lines:
            baseline += size * LEADING
            shapes.append(measure.line(width / 2, baseline - size * 0.3, text, size, paint, bold))
        ends: tuple[Point, Point] = ((0.0, height / 2), (width, height / 2))
        bounds = (0.0, -2 * sheets, width + 2 * sheets, height + 2 * sheets)
        if self.down:
            ends = ((width / 2, 0.0), (width / 2, height))
        if sheets:
            shapes = [_lowered(s, 2 * sheets) for s in shapes]
            ends = (_below(ends[0], 2 * sheets * (not self.down)), _below(ends[1], 2 * sheets))
            bounds = (0.0, 0.0, width + 2 * sheets, height + 2 * sheets)
            if self.down:
                ends = ((width / 2, 2 * sheets), ends[1])
        return Glyph(box, width + 2 * sheets, height + 2 * sheets, tuple(shapes), *ends, bounds=bounds)

    def _lines(self, box: Box) -> list[tuple[str, float, bool, str]]:
        """Text, size, boldness and paint of each line in a box."""
        found = [(box.code, SMALL, True, "line:error")] if box.code else []
        for number, text in enumerate(box.lines):
            size, bold = (NAME, True) if number == 0 else (MORE, False)
            found += [(part, size, bold, "ink") for part in measure.wrapped(text, size, WIDEST, bold, 4)]
        if box.times > 1 and not box.lines[0].startswith("repeat"):
            found.append((f"× {box.times}", NAME, True, "ink"))
        muted = "muted" if self.paint(box)[0].startswith("fill:") else "ink"
        if box.size:
            found += [(part, SMALL, False, muted) for part in measure.wrapped(box.size, SMALL, WIDEST, False, 3)]
        for text in box.figures:
            found += [(part, SMALL, False, muted) for part in measure.wrapped(text, SMALL, WIDEST, False, 3)]
        return found

    def _form(self, box: Box, width: float, height: float, fill: str, line: str) -> Shape:
        """A box's outline tells its kind too: pooling narrows along the flow, what enlarges widens, `dense` and activations
        are round; what is closed has a second line."""
        if box.kind in ("pool", "up"):
            a, b = (0.0, SLANT) if box.kind == "pool" else (SLANT, 0.0)
            if self.down:
                return Polygon(((a, 0), (width - a, 0), (width - b, height), (b, height)), fill, line, 1.2)
            return Polygon(((0, a), (width, b), (width, height - b), (0, height - a)), fill, line, 1.2)
        radius = min(height / 2, 15.0) if box.kind in ("dense", "input", "act") else 5.0
        return Rect(0, 0, width, height, fill, line, 1.6 if box.kind == "error" else 1.2, radius)

    def apart(self, before: Box, after: Box) -> float:
        return self.gap

    def between(self, before: object, after: object) -> None:
        return None

    def joint(self, box: Box, places: Sequence[float], axis: float, shares: Sequence[float]) -> Joint:
        assert box.node is not None
        mark = sign(box.node)
        return self._circle(box, places, axis, mark) if mark else self._bar(box, places, axis, shares)

    def _labels(self, box: Box) -> list[tuple[str, float, bool, str]]:
        """What stands beside the place where branches meet: the activation and the size."""
        lines = self._lines(box._replace(lines=()) if not box.lines else box)
        first = box.lines[0].partition(" ")
        kept = [line for line in lines if line[0] not in box.lines[:1]]
        words = first[2] if sign_of(box) else box.lines[0]
        return [(words, MORE, False, "ink"), *kept] if words else kept

    def _circle(self, box: Box, places: Sequence[float], axis: float, mark: str) -> Joint:
        fill, line = self.paint(box)
        r = RADIUS
        shapes: list[Shape] = [Circle(r, r, r, fill, line, 1.4)]
        if mark == "+":
            shapes += [Line(((r - 5, r), (r + 5, r)), line, 1.6), Line(((r, r - 5), (r, r + 5)), line, 1.6)]
        elif mark == "×":
            d = 3.8
            shapes += [
                Line(((r - d, r - d), (r + d, r + d)), line, 1.6),
                Line(((r - d, r + d), (r + d, r - d)), line, 1.6),
            ]
        else:
            shapes.append(measure.line(r, r + 4.5, mark, 13.0, "ink", True))
        width, height = self._beside(shapes, box, r + 6, 2 * r)
        outlet = (r, 2 * r) if self.down else (2 * r, r)
        inlet = (r, 0.0) if self.down else (0.0, r)
        glyph = Glyph(box, max(width, 2 * r), max(height, 2 * r), tuple(shapes), inlet, outlet)
        ends: list[Point] = []
        for place in places:
            if abs(place - axis) < 0.5:
                ends.append((0.0, r))
            else:
                ends.append((r, 0.0) if place < axis else (r, 2 * r))
        return Joint(glyph, axis - r, tuple(ends), 18.0)

    def _beside(self, shapes: list[Shape], box: Box, left: float, top: float) -> tuple[float, float]:
        """Writes the labels to the right of a place and below it; returns how far they reach."""
        width, baseline = 0.0, top - 2
        for text, size, bold, paint in self._labels(box):
            baseline += size * LEADING
            shapes.append(measure.line(left, baseline - 1, text, size, paint, bold, "start"))
            width = max(width, left + measure.width(text, size, bold))
        return width + 2, baseline + 3

    def _bar(self, box: Box, places: Sequence[float], axis: float, shares: Sequence[float]) -> Joint:
        """A bar whose pieces are as long as the channels that come from each branch."""
        start = min(*places, axis) - 14
        span = max(*places, axis) + 14 - start
        _, line = self.paint(box)
        shapes: list[Shape] = []
        ends: list[Point] = []
        place = 0.0
        for number, share in enumerate(shares):
            part = span * share
            fill = "fill:block" if number % 2 else "fill:conv"
            shapes.append(Rect(place, 0, part, BAR, fill, line) if self.down else Rect(0, place, BAR, part, fill, line))
            ends.append((0.0, place + part / 2))
            place += part
        at = axis - start
        if self.down:
            width, height = self._beside(shapes, box, at + 7, BAR + 2)
            glyph = Glyph(box, max(width, span), max(height, BAR), tuple(shapes), (at, 0.0), (at, BAR))
        else:
            width, height = self._beside(shapes, box, BAR + 6, at + 6)
            glyph = Glyph(box, max(width, BAR), max(height, span), tuple(shapes), (0.0, at), (BAR, at))
        return Joint(glyph, start, tuple(ends), 34.0, curved=True)


def sign_of(box: Box) -> str:
    """The sign of a place where branches meet."""
    return sign(box.node) if box.node is not None else ""


def _lowered(shape: Shape, by: float) -> Shape:
    from convdsl.drawing.scene import moved

    return moved(shape, 0.0, by)


def _below(point: Point, by: float) -> Point:
    return (point[0], point[1] + by)
