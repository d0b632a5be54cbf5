"""What a plan talks about: values (one tensor for each image), parameters, steps. No device and no numba here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal

Shape = tuple[int, int, int, int]
"""Sizes of one image's tensor: D, H, W, C; missing axes have size 1."""

Scope = Literal["start", "image", "each", "block", "serial", "task", "share"]
"""How often a step runs: once for each chunk before its images, for each image, for each block of images, once, or once
for each of `Plan.tasks` shares of its work: a `share` in its place, a `task` when all else is done. Steps for each `image`
that stand behind each other are done together, one image after another; those for `each`, when all images of the block are
through what stands before."""

ALIGNMENT = 16
"""Values are laid out in multiples of this many floats: a cache line, and the widest vector."""


@dataclass(frozen=True)
class Target:
    """What a plan needs to know of a device: floats in a vector; of a CPU also vector registers and threads.

    A CPU takes a few images at a time through the network; on a GPU each step is done for the whole batch.
    """

    lanes: int = 16
    registers: int = 32
    threads: int = 2
    whole_batch: bool = False
    """Whether each step is done for the whole batch, as on a GPU, and not for a few images at a time."""
    without: frozenset[str] = frozenset()
    """Names of what plans are not to do; see rewrites.py."""

    def does(self, rewrite: str) -> bool:
        return rewrite not in self.without

    def positions(self, vectors: int) -> int:
        """Most positions of a register tile with `vectors` vectors of filters: sums, weights and one value must fit."""
        return max(1, min(16, (self.registers - vectors - 2) // vectors))


GPU = Target(lanes=4, registers=255, threads=1, whole_batch=True)


def four(sizes: Sequence[int]) -> Shape:
    """A network shape (N,), (L, C), (H, W, C) or (D, H, W, C) as D, H, W, C."""
    return (1,) * (4 - len(sizes)) + tuple(sizes)  # type: ignore[return-value]


def three(sizes: Sequence[int], missing: int) -> tuple[int, int, int]:
    """Values for the spatial axes as values for three of them."""
    return (missing,) * (3 - len(sizes)) + tuple(sizes)  # type: ignore[return-value]


@dataclass(eq=False)
class Value:
    """A tensor that each image has: an activation or a gradient.

    `frame` are rows of zeros before and after each spatial axis, which windows of its readers reach into. A value with
    `base` shares the memory of another, and with it the frame: of that there is one for each memory. `home` says where it
    lives: for the whole batch if it is needed across a point where all images meet, else only in the block that a worker is
    busy with.
    """

    name: str
    shape: Shape
    dtype: str = "f32"
    learns: bool = False
    """Whether something that is trained comes before it, so that its gradient is wanted."""
    interleaved: int = 0
    """Images that lie side by side, number by number, so that they fill a vector; 0 where each image lies apart."""
    base: Value | None = None
    home: Literal["block", "batch"] = "block"
    single: bool = False
    """Whether one image after another may use the same place."""
    offset: int = 0
    shared: bool = False
    """Whether other values use the same memory at other times, so that its frame must be cleared."""
    _frame: list[list[int]] = field(default_factory=lambda: [[0, 0], [0, 0], [0, 0]], init=False, repr=False)

    @property
    def frame(self) -> list[list[int]]:
        return self.root._frame

    @property
    def root(self) -> Value:
        return self if self.base is None else self.base.root

    @property
    def framed(self) -> bool:
        return any(map(any, self.frame))

    @property
    def size(self) -> int:
        """Numbers of one image, without the frame."""
        return prod(self.shape)

    @property
    def strides(self) -> Shape:
        _, h, w, c = (n + sum(f) for n, f in zip(self.shape, [*self.frame, [0, 0]], strict=True))
        step = self.interleaved or 1
        return (h * w * c * step, w * c * step, c * step, step)

    @property
    def origin(self) -> int:
        """Elements before the first one that is not frame."""
        return sum(f[0] * s for f, s in zip(self.frame, self.strides, strict=False))

    @property
    def pitch(self) -> int:
        """Elements of one image, with its frame; unless interleaved, from one image to the next."""
        elements = prod(n + sum(f) for n, f in zip(self.shape, [*self.frame, [0, 0]], strict=True))
        return -(-elements // ALIGNMENT) * ALIGNMENT

    def widen(self, frame: Sequence[Sequence[int]]) -> None:
        """Ask for at least this frame, for all that share the memory."""
        for mine, (before, after) in zip(self.frame, frame, strict=True):
            mine[0] = max(mine[0], before)
            mine[1] = max(mine[1], after)

    def share(self, base: Value) -> None:
        """Lie in the memory of `base` from now on, in a frame that is wide enough for both."""
        frame = self.frame
        self.base = base
        self.widen(frame)


@dataclass(eq=False)
class Strip(Value):
    """Some rows, or a column, of another value: in the part of number n of a region of strips, from row n·`rows`, or
    column n·`columns`, on. `shape` is not used but for the channels."""

    rows: int = 0
    columns: int = 0

    @property
    def strides(self) -> Shape:
        return self.root.strides

    @property
    def origin(self) -> int:
        return self.root.origin

    @property
    def part(self) -> int:
        """Elements from one part to the next."""
        _, row, column, _ = self.strides
        return self.rows * row + self.columns * column


@dataclass(frozen=True)
class Window:
    """A sliding window on three axes; `input` and `output` are the spatial sizes that it joins."""

    k: tuple[int, int, int]
    s: tuple[int, int, int]
    d: tuple[int, int, int]
    before: tuple[int, int, int]
    after: tuple[int, int, int]
    input: tuple[int, int, int]
    output: tuple[int, int, int]

    @classmethod
    def of(cls, axes: Sequence[Any]) -> Window:
        """From the axes that a layer's `geometry` gives."""

        def on(name: str, missing: int) -> tuple[int, int, int]:
            return three([getattr(a, name) for a in axes], missing)

        return cls(on("k", 1), on("s", 1), on("d", 1), on("before", 0), on("after", 0), on("input", 1), on("output", 1))

    @property
    def adjoint(self) -> Window:
        """The same window seen from the other side: of a transposed convolution, its ordinary one."""
        return Window(self.k, self.s, self.d, self.before, self.after, self.output, self.input)

    @property
    def taps(self) -> int:
        return prod(self.k)

    @property
    def frame(self) -> list[tuple[int, int]]:
        """Zeros that the window reaches into around its input."""
        return [
            (b, max(0, (o - 1) * s + d * (k - 1) + 1 - b - n))
            for k, s, d, b, n, o in zip(self.k, self.s, self.d, self.before, self.input, self.output, strict=True)
        ]

    @property
    def spread_frame(self) -> list[tuple[int, int]]:
        """Zeros around its *output*, when the output is spread back over the input."""
        result = []
        for axis in range(3):
            reach = [(phase.first, phase.last + phase.count - 1) for phase in self.phases(axis)]
            lowest = min([first for first, _ in reach] or [0])
            highest = max([last for _, last in reach] or [0])
            result.append((max(0, -lowest), max(0, highest - (self.output[axis] - 1))))
        return result

    def phases(self, axis: int) -> list[Phase]:
        """How each input position p = residue + s·t of an axis is reached: from outputs t + (a few offsets)."""
        k, s, d, before, n = self.k[axis], self.s[axis], self.d[axis], self.before[axis], self.input[axis]
        result = []
        for residue in range(min(s, n)):
            taps = tuple(tap for tap in reversed(range(k)) if (residue + before - tap * d) % s == 0)
            offsets = tuple((residue + before - tap * d) // s for tap in taps)
            result.append(Phase(residue, -(-(n - residue) // s), taps, offsets))
        return result


@dataclass(frozen=True)
class Phase:
    """Input positions with one residue by the stride: `count` of them; window taps that reach them, the last first, and
    for each the offset of the output that it belongs to: these rise."""

    residue: int
    count: int
    taps: tuple[int, ...]
    offsets: tuple[int, ...]

    @property
    def first(self) -> int:
        return min(self.offsets, default=0)

    @property
    def last(self) -> int:
        return max(self.offsets, default=0)

    @property
    def step(self) -> int:
        """Between the offsets of neighbouring taps."""
        return self.offsets[1] - self.offsets[0] if len(self.offsets) > 1 else 0


@dataclass(frozen=True)
class Kept:
    """How a parameter is kept (see keeping.py). Offsets are in floats: of the weights, of other arrangements of them that
    are kept up to date, and of the gradient among its like.

    `deferred` gradients are computed after the backward pass, over the whole batch at once, instead of in a copy for each
    chunk of images, or, with `copies`, for each strip.
    """

    layout: Any
    """See layouts.py."""
    offset: int
    packs: dict[str, Any]
    """Name → Pack, Copied or Transformed."""
    pack_offsets: dict[str, int]
    gradient_offset: int
    deferred: bool
    copies: int


@dataclass(eq=False)
class Parameter:
    """Something that the network holds: learned numbers, fixed ones (`value`), or running statistics."""

    name: str
    shape: tuple[int, ...]
    natural: Any
    """The layout that it is lowered to, which another may take the place of."""
    trainable: bool = True
    learned: bool = True
    value: Any = None
    again: dict[int, Parameter] = field(default_factory=dict)
    """What further layers with the same weights have of their own, by layer: gradients, which are added to these, and
    packs. Their other numbers lie where these do."""
    owned: bool = True
    """Whether it is no such."""
    kept: Kept | None = None
    """Set once, when both programs of the network are made; passes do not ask."""

    @property
    def several(self) -> bool:
        """Whether several layers read it, so that its layout cannot be chosen for one of them."""
        return bool(self.again) or not self.owned

    @property
    def place(self) -> Kept:
        """How it is kept, in a plan that is complete."""
        assert self.kept is not None, f"{self.name} has no place yet"
        return self.kept

    @property
    def layout(self) -> Any:
        return self.place.layout

    @property
    def packs(self) -> dict[str, Any]:
        return self.place.packs


Layouts = Mapping[Parameter, Any]
"""Of those parameters that another layout than the natural one was chosen for."""


@dataclass(frozen=True, eq=False)
class Step:
    """One thing to do. `reads` and `writes` name values by their role; a role in both is changed in place."""

    kind: str
    node: int
    reads: dict[str, Value] = field(default_factory=dict)
    writes: dict[str, Value] = field(default_factory=dict)
    weights: dict[str, Parameter] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    scope: Scope = "image"
    strips: int = 0
    """Where not 0, the step is done strip by strip, each for all images, instead of chunk by chunk (see strips.py)."""

    def values(self) -> list[Value]:
        return [*self.reads.values(), *self.writes.values()]
