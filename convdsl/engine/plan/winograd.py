"""3x3 convolutions with fewer multiplications: Winograd's F(2x2, 3x3) (Lavin and Gray, arXiv:1509.09308).

A tile of 2x2 outputs needs 4·9 products for each pair of channels; from 4x4 inputs and 3x3 weights, both transformed by
additions alone, it needs 16. The transformed weights are kept beside the others. The gradient of the input is such a
convolution too, with the filters turned round.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from convdsl.engine.plan.layouts import Filters, Pack
from convdsl.engine.plan.values import Layouts, Parameter, Step, Target, Value
from convdsl.engine.plan.weighted import swapped

FREQUENCIES = 16

MOST_WEIGHTS = 1 << 14
"""Channels times filters up to which the transformed weights stay in the second-level cache."""


@dataclass(frozen=True)
class Transformed:
    """Weights after the transformation: [16][block][channels][width], from those in `source`, a pack's name, or "" for
    the parameter itself."""

    source: str
    blocks: int
    rows: int
    width: int

    @property
    def name(self) -> str:
        """Of the pack."""
        return f"winograd {self.source}"

    @property
    def size(self) -> int:
        return FREQUENCIES * self.blocks * self.rows * self.width


@dataclass(frozen=True)
class Tiles:
    """How an output is cut: `grid` groups of `group` tiles of 2x2, rows and columns; and the weights."""

    grid: tuple[int, int]
    group: tuple[int, int]
    weights: Transformed

    @property
    def pack(self) -> str:
        return self.weights.name


def use_winograd(steps: list[Step], target: Target, layouts: Layouts) -> list[Step]:
    """The steps, those that are to use it told so. `layouts` are those that the plan has chosen for weights."""
    if not target.does("winograd"):
        return steps
    able = ("gather", "spread", "gather_pool")
    return [_considered(step, target, layouts) if step.kind in able and not step.strips else step for step in steps]


def _considered(step: Step, target: Target, layouts: Layouts) -> Step:
    window, weight, x = step.settings["window"], step.weights["weight"], step.reads["x"]
    y = step.writes["y"]
    if (window.k, window.s, window.d) != ((1, 3, 3), (1, 1, 1), (1, 1, 1)) or x.interleaved or target.registers < 32:
        return step
    scale = 1 if step.kind == "gather_pool" else 2
    rows, columns = y.shape[1] // scale, y.shape[2] // scale
    source, filters = _source(step, weight, layouts, target)
    channels, outputs = x.shape[3], y.shape[3]
    if filters.groups != 1 or x.shape[0] != 1 or channels % target.lanes or outputs % target.lanes:
        return step
    if y.shape[1] % scale or y.shape[2] % scale or channels * outputs > MOST_WEIGHTS:
        return step
    group = _group(rows, columns, filters.vectors, target)
    if group[0] * group[1] < 4:
        return step
    width = filters.lanes * filters.vectors
    weights = Transformed(source, filters.blocks, channels, width)
    if weight.kept is not None and weights.name not in weight.packs:
        return step  # of a program that is made later, for a single layer: it has to do with what is kept
    settings = {**step.settings, "winograd": Tiles((rows // group[0], columns // group[1]), group, weights)}
    room = FREQUENCIES * group[0] * group[1] * (channels + filters.blocks * width)
    writes = {**step.writes, "scratch": Value(f"tiles of {y.name}", (1, 1, 1, room))}
    return replace(step, settings=settings, writes=writes)


def _source(step: Step, weight: Parameter, layouts: Layouts, target: Target) -> tuple[str, Filters | Pack]:
    """From which arrangement of the weights the transformed ones are made, and how that one is."""
    if step.kind == "spread":
        return "swapped", swapped(weight.natural, step.settings["window"], target)
    return "forward" if weight in layouts else "", weight.natural


def _group(rows: int, columns: int, vectors: int, target: Target) -> tuple[int, int]:
    """Tiles that are multiplied together: as many as registers hold the sums of, in whole rows and columns."""
    most = target.positions(vectors)
    sizes = [
        (r, c)
        for r in range(1, rows + 1)
        for c in range(1, columns + 1)
        if rows % r == columns % c == 0 and r * c <= most
    ]
    return max(sizes, key=lambda s: (s[0] * s[1], s[1]), default=(0, 0))
