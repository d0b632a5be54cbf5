"""Lines with rounded corners as steps, for every writer alike."""

from __future__ import annotations

from collections.abc import Iterator

from convdsl.drawing.scene import Point

Step = tuple[str, tuple[Point, ...]]


def rounded(points: tuple[Point, ...], radius: float) -> Iterator[Step]:
    """A line as steps: M to a point, L straight to one, Q around a corner (its first point) to the second."""
    yield "M", (points[0],)
    for index, here in enumerate(points[1:-1], 1):
        before, after = points[index - 1], points[index + 1]
        cut = min(radius, _distance(before, here) / 2, _distance(here, after) / 2)
        if cut < 0.5:
            yield "L", (here,)
            continue
        yield "L", (_toward(here, before, cut),)
        yield "Q", (here, _toward(here, after, cut))
    yield "L", (points[-1],)


def cubic(start: Point, corner: Point, end: Point) -> tuple[Point, Point]:
    """The two points between that make a cubic curve of a quadratic one."""
    return _toward_share(start, corner, 2 / 3), _toward_share(end, corner, 2 / 3)


def _distance(a: Point, b: Point) -> float:
    return ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5


def _toward(a: Point, b: Point, by: float) -> Point:
    return _toward_share(a, b, by / max(_distance(a, b), 0.01))


def _toward_share(a: Point, b: Point, share: float) -> Point:
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
