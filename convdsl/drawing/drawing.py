"""The whole way on one page: from what `check` knows to a scene, by the choices that a person makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from convdsl.algebra import is_number
from convdsl.drawing import levels
from convdsl.drawing import tree as trees
from convdsl.drawing.building import Builder
from convdsl.drawing.fold import folded
from convdsl.drawing.pen import Pen, Pending
from convdsl.drawing.scene import Group, Scene
from convdsl.drawing.style import Style
from convdsl.drawing.styles.blocks import Blocks, Paint
from convdsl.drawing.telling import Box, Telling, is_wire
from convdsl.drawing.themes import HEATS
from convdsl.drawing.tree import Closed, Items, Layers
from convdsl.layers.pooling import Unpool
from convdsl.messages import T
from convdsl.network import Analysis

MARGIN = 14.0


class Choices(NamedTuple):
    """What can be chosen about a drawing. `depth` None is as deep as there is room for, -1 every layer. For exercises: without
    `numbers` a layer is called `conv relu`, and `instead` of the size that leaves a layer another text can be shown."""

    style: str = "auto"
    direction: str = "right"
    depth: int | None = None
    show: tuple[str, ...] = ("sizes",)
    colour: str = "kind"
    shape: str = ""
    width: float = 1200.0
    legend: bool = False
    numbers: bool = True
    instead: tuple[tuple[int, str], ...] = ()


class Drawn(NamedTuple):
    """A scene, the style that it came out in, and what came out otherwise than asked for. `items` is the folded tree."""

    scene: Scene
    style: str
    notes: tuple[T, ...]
    items: Items


STYLES = ("auto", "blocks", "boxes", "maps", "u")


def drawn(analysis: Analysis, choices: Choices, part: Closed | None = None) -> Drawn:
    """The drawing of a network, or of what is in a closed box of one (its first turn). The styles other than blocks, and the
    legend, are loaded where they are drawn."""
    notes: list[T] = []
    telling, items = told(analysis, choices, part)
    paint, scale = painter(telling, items, choices.colour)
    style = choices.style if choices.style != "auto" else suited(items)
    u = levels.levels(items) if style == "u" else None
    if style == "u" and u is None:
        notes.append(
            T("This network is no U: nothing goes straight across what shrinks and grows. It is drawn as blocks.")
        )
        style = "blocks"
    down = choices.direction == "down" and u is None
    pen = Pen(_style(style, paint, down, telling), down)
    if u is not None:
        width, height, boxes = _as_u(u, paint, telling, pen)
    else:
        builder = Builder(pen.style, telling, down)
        begin = telling.input() if part is None else telling.before(part)
        laid = builder.whole(items, choices.width - 2 * MARGIN, begin)
        laid.place(pen, MARGIN, MARGIN, Pending(-1, ()))
        width, height = (laid.breadth, laid.length) if down else (laid.length, laid.breadth)
        boxes = builder.boxes
    groups = (
        *pen.frames,
        *(g for g in pen.edges if g.from_ >= 0),
        *_said(analysis, boxes),
        *sorted(pen.boxes, key=lambda g: g.from_),
        *pen.over,
    )
    if choices.legend:
        from convdsl.drawing.legends import legend

        kinds = [b.kind for b in boxes if not (b.node and is_wire(b.node))]
        below, size = legend(kinds, scale, max(width, 240.0), MARGIN, height + 2 * MARGIN + 4)
        groups += below
        width, height = max(width, size[0]), height + size[1] + MARGIN
    width += 2 * MARGIN
    if width > choices.width + 1 and not down:
        notes.append(T("The drawing is {n} pixels wide: narrower it cannot be.", n=round(width)))
    name, about = analysis.network.name, telling.summary()
    if part is not None:
        closed = telling.closed(part)
        name, about = closed.lines[0], closed.about
    made = Scene(width, height + 2 * MARGIN, groups, name, about)
    return Drawn(made, style, tuple(notes), items)


def told(analysis: Analysis, choices: Choices, part: Closed | None = None) -> tuple[Telling, Items]:
    """What is said of a network's layers, and its tree or that of a part, folded as chosen."""
    shape = choices.shape or ("c@hw" if choices.style == "maps" else "hwc")
    telling = Telling(analysis, choices.show, shape, choices.numbers, choices.instead)
    items = trees.tree(analysis.network.nodes) if part is None else trees.inside(part)
    if choices.depth != -1:
        items = folded(items, analysis.report, choices.depth, apart=frozenset(telling.errors))
    return telling, items


def suited(items: Items) -> str:
    """The style that `auto` chooses: the U where something goes straight across twice, else blocks."""
    u = levels.levels(items)
    return "u" if u is not None and levels.depth(u) > 1 else "blocks"


def _as_u(u: levels.U, paint: Paint, telling: Telling, pen: Pen) -> tuple[float, float, list[Box]]:
    """Draws a U; width, height, boxes."""
    from convdsl.drawing.styles.sizes import Scale
    from convdsl.drawing.styles.u import TALLEST, Drawer

    drawer = Drawer(paint, Scale(_shapes(telling), TALLEST), telling, pen)
    right, bottom = drawer.draw(u, MARGIN, MARGIN)
    return right - MARGIN, bottom - MARGIN, drawer.boxes


def _shapes(telling: Telling) -> list[tuple[Any, ...] | None]:
    return [facts.output for facts in telling.report.facts]


def _said(analysis: Analysis, boxes: Iterable[Box]) -> Iterator[Group]:
    """The ways of the places that an `unpool a` reads: its words say where from, and no wire leads there."""
    home = {index: box for box in boxes for index in box.cover}
    for node in analysis.network.nodes:
        here, there = home.get(node.index), home.get(node.inputs[-1])
        if isinstance(node.layer, Unpool) and here is not None and there is not None and here is not there:
            yield Group("edge", (), from_=node.inputs[-1], to=here.first)


def _style(name: str, paint: Paint, down: bool, telling: Telling) -> Style:
    if name in ("boxes", "maps"):
        from convdsl.drawing.styles import boxes, maps
        from convdsl.drawing.styles.sizes import Scale

        if name == "boxes":
            return boxes.Boxes(paint, down, Scale(_shapes(telling), boxes.TALLEST))
        return maps.Maps(paint, down, Scale(_shapes(telling), maps.TALLEST))
    return Blocks(paint, down)


def painter(telling: Telling, items: Items, colour: str) -> tuple[Paint, tuple[str, Any] | None]:
    """How boxes are coloured: by their kinds, or by how much of a figure they have."""
    if colour == "kind":
        return (lambda box: (f"fill:{box.kind}", f"line:{box.kind}")), None
    boxes = [telling.layers(b) if isinstance(b, Layers) else telling.closed(b) for b in trees.drawn(items)]
    values = [v for box in boxes if (v := telling.heat(box, colour)) is not None and is_number(v)]
    most = max(values, default=0)

    def paint(box: Box) -> tuple[str, str]:
        value = telling.heat(box, colour)
        if box.kind in ("input", "error") or value is None:
            return f"fill:{box.kind}", f"line:{box.kind}"
        if not is_number(value) or not most:
            return "heat:0", "line:heat"
        return f"heat:{min(HEATS - 1, int(HEATS * value / most))}", "line:heat"

    return paint, (colour, most)
