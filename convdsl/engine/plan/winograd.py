"""Convolutions with fewer multiplications, after Winograd (transforms.py).

A tile of m x m outputs of a window of r x r needs (m + r − 1)² products for each pair of channels instead of m²·r²: with 3x3
windows 16 for 2x2 outputs instead of 36, 36 for 4x4 instead of 144. Inputs, weights and products are transformed by a few
additions and multiplications; the transformed weights are kept beside the others. The gradient of the input is such a
convolution too, with the filters turned round. The gradient of the filters is one with the output's gradient as filter: r x r
sums over tiles of m x m, which are added up in the frequencies and transformed back once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from convdsl.engine.plan.layouts import Filters, Pack
from convdsl.engine.plan.values import Layouts, Parameter, Step, Target, Value
from convdsl.engine.plan.weighted import in_tiles, side, swapped

BIG = 8
"""Rows and columns of an output from which on 3x3 windows have tiles of 4x4. They err by twice as much as sums of all
products do; below, the tiles at the border would waste what they save, and their weights, four times as many as there were,
be read for too few."""

FEWEST_TILES = 4
"""Below, weights would be read for too few outputs."""

BAND, NARROW_BAND = 1 << 20, 1 << 17
"""Floats of a band's transformed inputs and products: the weights are read once for a band. Where they stay in the
second-level cache, the band does too."""
FEW_WEIGHTS = 1 << 18
"""Transformed weights that stay there."""


@dataclass(frozen=True)
class Transformed:
    """Weights after the transformation: [frequency][block][channels][width], from those in `source`, a pack's name, or ""
    for the parameter itself; for tiles of `m` x `m` outputs and windows of `r` x `r`."""

    source: str
    blocks: int
    rows: int
    width: int
    m: int
    r: int

    @property
    def name(self) -> str:
        """Of the pack."""
        return f"winograd {self.m} {self.source}".strip()

    @property
    def side(self) -> int:
        """Of a tile of the input."""
        return self.m + self.r - 1

    @property
    def frequencies(self) -> int:
        return self.side**2

    @property
    def size(self) -> int:
        return self.frequencies * self.blocks * self.rows * self.width


@dataclass(frozen=True)
class Tiles:
    """How an output is cut: into `grid` rows and columns of tiles, the last of which may reach beyond it; `band` rows of them
    are transformed together, and `together` tiles multiplied at a time; and the weights."""

    grid: tuple[int, int]
    band: int
    together: int
    weights: Transformed
    groups: int = 1
    """Of blocks of filters, where bands and groups are shares (see few.py)."""

    @property
    def pack(self) -> str:
        return self.weights.name

    @property
    def places(self) -> int:
        """Tiles that a band has room for: all that are multiplied."""
        return -(-self.band * self.grid[1] // self.together) * self.together

    @property
    def steps(self) -> tuple[int, int]:
        """Floats from one frequency to the next, of the transformed input and of the products: not a power of two."""
        w = self.weights
        return self.places * w.rows + 64, self.places * w.blocks * w.width + 64


@dataclass(frozen=True)
class Shares:
    """How the gradient of filters is made, for tiles of `m` x `m` of the output's gradient: a task has `channels` and `filters`
    of them, and sums the products of `chunk` tiles at a time. In the frequencies, channels lie in panels of `lanes`, filters
    in panels of `width`, tile by tile. A window of 1x1 has one frequency and one position a tile: here its channels and filters
    lie side by side, where elsewhere in memory positions are far apart."""

    m: int
    r: int
    channels: int
    filters: int
    lanes: int
    width: int

    @property
    def chunk(self) -> int:
        """Tiles."""
        return 96 if self.r > 1 else 192

    @property
    def frequencies(self) -> int:
        return (self.m + self.r - 1) ** 2

    @property
    def steps(self) -> tuple[int, int, int]:
        """Floats from one frequency to the next: of the input, of the gradient, of the sums; not powers of two."""
        return self.channels * self.chunk + 48, self.filters * self.chunk + 48, self.channels * self.filters + 48


def use_winograd(steps: list[Step], target: Target, layouts: Layouts) -> list[Step]:
    """The steps, those that are to use it told so. `layouts` are those that the plan has chosen for weights."""
    if not target.does("winograd"):
        return steps
    able = ("gather", "spread", "gather_pool")
    return [
        _considered(step, target, layouts)
        if step.kind in able and not step.strips
        else _shared(step, target, layouts)
        if step.kind == "correlate" and step.scope == "task"
        else step
        for step in steps
    ]


def _considered(step: Step, target: Target, layouts: Layouts) -> Step:
    weight, x, y, r = step.weights["weight"], step.reads["x"], step.writes["y"], side(step.settings["window"])
    source, filters = _source(step, weight, layouts, target)
    if r is None or x.interleaved or target.registers < 32 or filters.groups != 1 or x.shape[0] != 1:
        return step
    if x.shape[3] % target.lanes or y.shape[3] % target.lanes:
        return step
    scale = 2 if step.kind == "gather_pool" else 1
    sizes = (y.shape[1] * scale, y.shape[2] * scale)
    weights = Transformed(source, filters.blocks, x.shape[3], filters.width, outputs(sizes, r), r)
    tiles = _tiles(sizes, weights, target)
    if tiles is None or (weight.kept is not None and tiles.pack not in weight.packs):
        return step  # too few; or of a program that is made later, for a single layer: it has to do with what is kept
    scratch = Value(f"tiles of {y.name}", (1, 1, 1, weights.frequencies * sum(tiles.steps)))
    return replace(step, settings={**step.settings, "winograd": tiles}, writes={**step.writes, "scratch": scratch})


def outputs(sizes: tuple[int, int], r: int) -> int:
    """Rows and columns of a tile."""
    return 1 if r == 1 else 4 if r == 3 and min(sizes) >= BIG else 2


def _tiles(sizes: tuple[int, int], weights: Transformed, target: Target) -> Tiles | None:
    rows, columns = (-(-n // weights.m) for n in sizes)
    room = NARROW_BAND if weights.size <= FEW_WEIGHTS else BAND
    most = room // (weights.frequencies * (weights.rows + weights.blocks * weights.width))
    band = max((n for n in range(1, rows + 1) if rows % n == 0 and n * columns <= most), default=1)
    if band * columns < FEWEST_TILES:
        return None
    groups = -(-band * columns // target.positions(weights.width // target.lanes))
    return Tiles((rows, columns), band, -(-band * columns // groups), weights)


def _source(step: Step, weight: Parameter, layouts: Layouts, target: Target) -> tuple[str, Filters | Pack]:
    """From which arrangement of the weights the transformed ones are made, and how that one is."""
    if step.kind == "spread":
        return "swapped", swapped(weight.natural, step.settings["window"], target)
    return "forward" if weight in layouts else "", weight.natural


def _shared(step: Step, target: Target, layouts: Layouts) -> Step:
    weight, x, g, window = step.weights["weight"], step.reads["x"], step.reads["g"], step.settings["window"]
    r, f = window.k[1], weight.natural
    if not in_tiles(weight, window, target) or weight in layouts or x.interleaved or x.shape[0] != 1:
        return step
    sizes = (f.channels // f.lanes, f.filters // f.width)
    cuts = [next(n for n in (4, 2, 1) if size % n == 0) for size in sizes]
    shares = Shares(
        outputs((g.shape[1], g.shape[2]), r), r, f.channels // cuts[0], f.filters // cuts[1], f.lanes, f.width
    )
    scratch = Value(f"tiles of d {weight.name}", (1, 1, 1, shares.frequencies * sum(shares.steps)))
    return replace(step, settings={**step.settings, "winograd": shares}, writes={"scratch": scratch})
