"""Collects what is placed: boxes, frames, and wires, each of which is taken along until it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from convdsl.drawing.scene import Curve, Group, Line, Point, Polygon, Shape, moved
from convdsl.drawing.style import Glyph, Style

HEAD, HEAD_HALF = 7.0, 3.4
"""Length and half breadth of an arrow's head."""
CORNER = 6.0


class Pending(NamedTuple):
    """A wire on its way: from which layer, by which points, and the glyph it left just now."""

    node: int
    points: tuple[Point, ...]
    glyph: tuple[Glyph, float, float] | None = None

    def to(self, *points: Point) -> Pending:
        return Pending(self.node, self.points + points)


class Pen:
    """Collects what is placed. Along and across become x and y here."""

    def __init__(self, style: Style, down: bool) -> None:
        self.style = style
        self.down = down
        self.frames: list[Group] = []
        self.edges: list[Group] = []
        self.boxes: list[Group] = []
        self.over: list[Group] = []

    def point(self, along: float, across: float) -> Point:
        return (across, along) if self.down else (along, across)

    def glyph(self, glyph: Glyph, along: float, across: float) -> tuple[float, float]:
        """Puts a glyph with its corner at a place; returns x and y."""
        x, y = self.point(along, across)
        box = glyph.box
        left, top, width, height = glyph.bounds or (0.0, 0.0, glyph.width, glyph.height)
        shapes = tuple(moved(s, x, y) for s in glyph.shapes)
        bounds = (x + left, y + top, width, height)
        name = " ".join(box.lines)
        self.boxes.append(Group("box", shapes, name, box.about, box.cover, box.first, box.last, bounds))
        return x, y

    def wire(self, pending: Pending, to: int, head: bool, curve: Curve | None = None) -> None:
        """Draws a wire that has arrived."""
        points = straightened(pending.points)
        shapes: list[Shape] = []
        if curve is not None:
            if len(points) > 1:
                shapes.append(Line(points, radius=CORNER))
            shapes += [curve, arrowhead(curve.points[2], _tip(curve))]
        elif len(points) > 1:
            shapes.append(Line((*points[:-1], short_of(points[-2], points[-1])) if head else points, radius=CORNER))
            if head:
                shapes.append(arrowhead(points[-2], points[-1]))
        self.edges.append(Group("edge", tuple(shapes), from_=pending.node, to=to))


def straightened(points: Sequence[Point]) -> tuple[Point, ...]:
    """Points without those that change nothing."""
    kept: list[Point] = []
    for point in points:
        if kept and abs(point[0] - kept[-1][0]) < 0.01 and abs(point[1] - kept[-1][1]) < 0.01:
            continue
        if len(kept) > 1 and any(
            abs(kept[-2][i] - point[i]) < 0.01 and abs(kept[-1][i] - point[i]) < 0.01 for i in (0, 1)
        ):
            kept.pop()
        kept.append(point)
    return tuple(kept)


def short_of(start: Point, end: Point) -> Point:
    """Where a line stops whose arrow's tip is `end`."""
    length = max(((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5, 0.01)
    share = min(1.0, (HEAD - 1) / length)
    return (end[0] - (end[0] - start[0]) * share, end[1] - (end[1] - start[1]) * share)


def _tip(curve: Curve) -> Point:
    """Where the head of the arrow on a curve of `bent` ends."""
    (ax, ay), (bx, by) = curve.points[2:]
    return (bx, by + HEAD - 1) if abs(ax - bx) < 0.01 and abs(ay - by) > 0.01 else (bx + HEAD - 1, by)


def arrowhead(start: Point, end: Point) -> Polygon:
    """An arrow's head with its tip at `end`; of a curve, `end` is where the curve stops."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max((dx * dx + dy * dy) ** 0.5, 0.01)
    ux, uy = dx / length, dy / length
    back = (end[0] - ux * HEAD, end[1] - uy * HEAD)
    left = (back[0] - uy * HEAD_HALF, back[1] + ux * HEAD_HALF)
    right = (back[0] + uy * HEAD_HALF, back[1] - ux * HEAD_HALF)
    return Polygon((end, left, right), fill="wire")


def bent(start: Point, end: Point, down: bool) -> Curve:
    """A curve that leaves and arrives along the flow; its end leaves room for the head of an arrow."""
    if down:
        end = (end[0], end[1] - HEAD + 1)
        middle = (start[1] + end[1]) / 2
        return Curve((start, (start[0], middle), (end[0], middle), end))
    end = (end[0] - HEAD + 1, end[1])
    middle = (start[0] + end[0]) / 2
    return Curve((start, (middle, start[1]), (middle, end[1]), end))
