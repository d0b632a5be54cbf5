"""The whole way on one page: from what `check` knows to a scene, by the choices that a person makes."""

from __future__ import annotations

from typing import Any, NamedTuple

from convdsl.algebra import is_number
from convdsl.drawing import tree as trees
from convdsl.drawing.building import Builder
from convdsl.drawing.fold import folded
from convdsl.drawing.layout import Pen, Pending
from convdsl.drawing.legends import legend
from convdsl.drawing.scene import Scene
from convdsl.drawing.styles.blocks import Blocks, Paint
from convdsl.drawing.telling import Box, Telling, is_wire
from convdsl.drawing.themes import HEATS
from convdsl.drawing.tree import Items, Layers
from convdsl.messages import T
from convdsl.network import Analysis

MARGIN = 14.0


class Choices(NamedTuple):
    """What can be chosen about a drawing. `depth` None is as deep as there is room for, -1 every layer."""

    style: str = "auto"
    direction: str = "right"
    depth: int | None = None
    show: tuple[str, ...] = ("sizes",)
    colour: str = "kind"
    shape: str = "hwc"
    width: float = 1200.0
    legend: bool = False


class Drawn(NamedTuple):
    """A scene, the style that it came out in, and what came out otherwise than asked for. `items` is the folded tree."""

    scene: Scene
    style: str
    notes: tuple[T, ...]
    items: Items


STYLES = ("auto", "blocks")


def drawn(analysis: Analysis, choices: Choices) -> Drawn:
    """The drawing of a network."""
    notes: list[T] = []
    telling = Telling(analysis, choices.show, choices.shape)
    items = trees.tree(analysis.network.nodes)
    apart = frozenset(telling.errors)
    if choices.depth != -1:
        items = folded(items, analysis.report, choices.depth, apart=apart)
    paint, scale = painter(telling, items, choices.colour)
    down = choices.direction == "down"
    builder = Builder(Blocks(paint, down), telling, down)
    laid = builder.whole(items, choices.width - 2 * MARGIN)
    pen = Pen(builder.style, down)
    laid.place(pen, MARGIN, MARGIN, Pending(-1, ()))
    width, height = (laid.breadth, laid.length) if down else (laid.length, laid.breadth)
    groups = (*pen.frames, *pen.edges, *pen.boxes)
    groups = tuple(g for g in groups if g.role != "edge" or g.from_ >= 0)
    if choices.legend:
        kinds = [b.kind for b in builder.boxes if not (b.node and is_wire(b.node))]
        below, size = legend(kinds, scale, max(width, 240.0), MARGIN, height + 2 * MARGIN + 4)
        groups += below
        width, height = max(width, size[0]), height + size[1] + MARGIN
    width += 2 * MARGIN
    if width > choices.width + 1 and not down:
        notes.append(T("The drawing is {n} pixels wide: narrower it cannot be.", n=round(width)))
    made = Scene(width, height + 2 * MARGIN, groups, analysis.network.name, telling.summary())
    return Drawn(made, "blocks", tuple(notes), items)


def painter(telling: Telling, items: Items, colour: str) -> tuple[Paint, tuple[str, Any] | None]:
    """How boxes are coloured: by their kinds, or by how much of a figure they have."""
    if colour == "kind":
        return (lambda box: (f"fill:{box.kind}", f"line:{box.kind}")), None
    boxes = [telling.layers(b) if isinstance(b, Layers) else telling.closed(b) for b in trees.drawn(items)]
    values = [v for box in boxes if is_number(v := telling.heat(box, colour))]
    most = max(values, default=0)

    def paint(box: Box) -> tuple[str, str]:
        value = telling.heat(box, colour)
        if box.kind in ("input", "error") or value is None:
            return f"fill:{box.kind}", f"line:{box.kind}"
        if not is_number(value) or not most:
            return "heat:0", "line:heat"
        return f"heat:{min(HEATS - 1, int(HEATS * value / most))}", "line:heat"

    return paint, (colour, most)
