"""Pictures in the texts of a course: a matrix as grey squares, values as a curve, a network as a drawing.

In an expression a picture is a value like others, `{picture(A)}`. A text that has only letters says what is on it, so that
every exercise can be answered without seeing it. Nothing of a picture gives an answer away: no tooltips, no figures that
were not asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from convdsl.document import Picture
from convdsl.layers import formula_shape
from convdsl.messages import T
from convdsl.teaching.worked.exact import Number, show, whole
from convdsl.teaching.worked.matrix import Rows, aligned

if TYPE_CHECKING:
    from convdsl.drawing.scene import Scene

SIDE = 132.0
"""How wide or high a matrix is shown at most, in pixels; one of a few rows is smaller."""
CELL = 22.0
GREYS = 32
LEFT, TOP, PLOT = 36.0, 10.0, (250.0, 110.0)
"""Where a curve's field begins, and how large it is."""
WIDTH = 640.0
"""How wide a drawing is laid out."""


class Seen:
    """A picture: its scene, made when it is asked for, and the `text` that stands for it."""

    def __init__(self, text: str, scene: Callable[[], Scene], caption: str = "") -> None:
        self.text, self._scene, self.caption = text, scene, caption

    def __str__(self) -> str:
        return f"{self.text}\n({self.caption})" if self.caption else self.text

    @cached_property
    def scene(self) -> Scene:
        """What is drawn, with nothing behind it that is not to be seen."""
        scene = self._scene()
        bare = tuple(group._replace(about="") for group in scene.groups)
        return scene._replace(groups=bare, title=str(T("the picture")), about=self.text)

    def node(self, page: bool = False) -> Picture:
        """The picture in a document, black on white, or in a page's own colours (see convdsl.drawing.themes)."""
        from convdsl.drawing import themes
        from convdsl.drawing.writers.svg import svg
        from convdsl.drawing.writers.tex import snippet

        light, shown = themes.theme("light"), themes.embedded() if page else themes.theme("light")
        light, shown = (t._replace(colours=t.colours | _greys()) for t in (light, shown))
        return Picture(self.text, svg(self.scene, shown), tex=snippet(self.scene, light), caption=self.caption)


def picture(rows: Rows) -> Seen:
    """A matrix as grey squares: black is 0 and white the largest value; where there are negative ones, 0 is grey."""
    values = [Fraction(v) for row in rows for v in row]
    far = max(map(abs, values))
    low = -far if min(values) < 0 else Fraction(0)
    said = T("black {low}, white {high}", low=show(low), high=show(far)) if far else T("all black: 0")
    return Seen(aligned(rows), lambda: _squares(rows, low, far), str(said))


def _squares(rows: Rows, low: Number, high: Number) -> Scene:
    from convdsl.drawing.scene import Group, Rect, Scene

    side = min(CELL, SIDE / max(len(rows), len(rows[0])))
    width, height = side * len(rows[0]), side * len(rows)
    squares = tuple(
        Rect(1 + side * j, 1 + side * i, side, side, f"grey:{_step(value, low, high)}", "grey:edge", 0.4)
        for i, row in enumerate(rows)
        for j, value in enumerate(row)
    )
    return Scene(width + 2, height + 2, (Group("picture", squares),))


def _step(value: Number, low: Number, high: Number) -> int:
    """Which of the greys a value is."""
    share = (Fraction(value) - Fraction(low)) / (Fraction(high) - Fraction(low)) if high != low else Fraction(0)
    return min(GREYS - 1, int(share * GREYS))


def _greys() -> dict[str, str]:
    shades = {f"grey:{step}": "#" + 3 * f"{round(255 * step / (GREYS - 1)):02x}" for step in range(GREYS)}
    return shades | {"grey:edge": "#808080"}


def plot(values: Sequence[Number]) -> Seen:
    """Values as a curve, one for each epoch, from 0 up."""
    if len(values) < 2 or min(values) < 0:
        raise ValueError(str(T("a curve has two values or more, and none below 0")))
    return Seen("  ".join(map(show, values)), lambda: _curve(values))


def _curve(values: Sequence[Number]) -> Scene:
    from convdsl.drawing.measure import line
    from convdsl.drawing.scene import Circle, Group, Line, Scene, Shape

    high = _round_above(max(values))
    wide, tall = PLOT
    points = [
        (LEFT + wide * i / (len(values) - 1), TOP + tall * (1 - float(value / high))) for i, value in enumerate(values)
    ]
    shapes: list[Shape] = []
    for share in (0, Fraction(1, 2), 1):
        y = TOP + tall * (1 - float(share))
        shapes.append(Line(((LEFT, y), (LEFT + wide, y)), "frameline", 0.6, dashed=share != 0))
        shapes.append(line(LEFT - 6, y + 3.5, show(whole(high * share)), 10.0, "muted", anchor="end"))
    shapes += [line(x, TOP + tall + 16, str(i), 10.0, "muted") for i, (x, _) in enumerate(points, 1)]
    shapes += [Line(tuple(points), "line:conv", 1.8), *(Circle(x, y, 2.6, "line:conv") for x, y in points)]
    return Scene(LEFT + wide + 12, TOP + tall + 26, (Group("picture", tuple(shapes)),))


def _round_above(value: Number) -> Fraction:
    """The next of 1, 2, 3, 5 times a power of ten from a value on; 1 for nothing."""
    if not value:
        return Fraction(1)
    power = Fraction(10) ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 3, 5, 10) if power * step >= value)


def drawing(
    net: Any,
    style: str = "blocks",
    numbers: int = 1,
    instead: tuple[tuple[int, Any], ...] = (),
    shape: str = "",
    show: str = "sizes",
    depth: int = -1,
) -> Seen:
    """The drawing of a network. Without `numbers` a layer is called `conv relu`; `instead` of the size behind some layers,
    counted from 1, it has other ones: ((3, "?"), (4, (7, 7, 16)))."""
    from convdsl.drawing.drawing import drawn
    from convdsl.drawing.outlined import outlined
    from convdsl.drawing.picture import choices

    analysis = getattr(net, "analysis", None)
    if analysis is None:
        raise ValueError(str(T("a drawing is of a network: `drawing(net)`")))
    for layer, _ in instead:
        if not 1 <= layer <= len(analysis.network.nodes):
            raise ValueError(
                str(T("There is no layer {n}; there are {count}.", n=layer, count=len(analysis.network.nodes)))
            )
    others = tuple((layer, size if isinstance(size, str) else formula_shape(size)) for layer, size in instead)
    chosen = choices(style, depth="all" if depth < 0 else depth, show=show, shape=shape, width=WIDTH)
    chosen = chosen._replace(numbers=bool(numbers), instead=others)
    return Seen(outlined(analysis, chosen), lambda: drawn(analysis, chosen).scene)
