"""A picture as data: shapes and texts at places, named groups of them, and a size. Styles make it; writers turn it into a file.

Lengths are in pixels, x to the right and y downwards. A paint is a role ("ink", "fill:conv") that a theme has a colour
for, so that one scene is written light and dark.
"""

from __future__ import annotations

from typing import NamedTuple

Point = tuple[float, float]


class Rect(NamedTuple):
    """A rectangle; `radius` rounds its corners, `dashed` its line."""

    x: float
    y: float
    width: float
    height: float
    fill: str = "none"
    line: str = "none"
    stroke: float = 1.0
    radius: float = 0.0
    dashed: bool = False


class Polygon(NamedTuple):
    """A closed shape with straight sides."""

    points: tuple[Point, ...]
    fill: str = "none"
    line: str = "none"
    stroke: float = 1.0


class Circle(NamedTuple):
    x: float
    y: float
    radius: float
    fill: str = "none"
    line: str = "none"
    stroke: float = 1.0


class Line(NamedTuple):
    """Straight pieces with corners rounded by `radius`."""

    points: tuple[Point, ...]
    line: str = "wire"
    stroke: float = 1.4
    radius: float = 0.0
    dashed: bool = False


class Curve(NamedTuple):
    """A Bézier curve of four points."""

    points: tuple[Point, Point, Point, Point]
    line: str = "wire"
    stroke: float = 1.4


class Text(NamedTuple):
    """One line of text: `x` is its start, middle or end as `anchor` says, `y` its baseline, `width` what measure.py says."""

    x: float
    y: float
    text: str
    size: float
    width: float
    paint: str = "ink"
    bold: bool = False
    anchor: str = "middle"

    @property
    def left(self) -> float:
        return self.x - self.width * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]


Shape = Rect | Polygon | Circle | Line | Curve | Text


class Group(NamedTuple):
    """Shapes that mean one thing. `role` is `box`, `edge`, `frame` or `legend`; `name` is what it is called, `about` a
    sentence or more on it. `bounds` (x, y, width, height) is what its shapes stay in, where that is promised.

    A box stands for the layers `nodes`; an edge leads `from_` one layer to another.
    """

    role: str
    shapes: tuple[Shape, ...]
    name: str = ""
    about: str = ""
    nodes: tuple[int, ...] = ()
    from_: int = -1
    to: int = -1
    bounds: tuple[float, float, float, float] | None = None


class Scene(NamedTuple):
    """A whole picture, later groups above earlier ones. `title` and `about` are for those who do not see it."""

    width: float
    height: float
    groups: tuple[Group, ...]
    title: str = ""
    about: str = ""


def moved(shape: Shape, x: float, y: float) -> Shape:
    """A shape at another place."""
    if isinstance(shape, (Polygon, Line, Curve)):
        return shape._replace(points=tuple((a + x, b + y) for a, b in shape.points))  # type: ignore[arg-type]
    return shape._replace(x=shape.x + x, y=shape.y + y)
