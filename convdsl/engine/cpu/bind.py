"""From a program to tables of compiled kernels: every step finds its kernel, its constants and its addresses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from convdsl.engine import slots
from convdsl.engine.cpu import tables
from convdsl.engine.cpu.specialise import Kernel, Strided
from convdsl.engine.plan import Parameter, Plan, Program, Region, Step, Strip, Value
from convdsl.engine.plan.layouts import Copied, FilterByFilter, Filters
from convdsl.engine.plan.ops import Op
from convdsl.engine.plan.program import CHUNKS
from convdsl.registering import registering

Argument = tuple[int, int, int, int, int, int]
"""base + image·a + slot·b + worker·c + part·d + count·e (see driver.py)."""

IMAGE: Argument = (0, 1, 0, 0, 0, 0)
PART: Argument = (0, 0, 0, 0, 1, 0)
COUNT: Argument = (0, 0, 0, 0, 0, 1)


def number(value: int) -> Argument:
    return (value, 0, 0, 0, 0, 0)


def shifted(argument: Argument, by: int) -> Argument:
    return (argument[0] + by, *argument[1:])


def strides_in_bytes(value: Value) -> tuple[int, int, int]:
    """From one place to the next, on the spatial axes."""
    d, h, w, _ = value.strides
    return d * 4, h * 4, w * 4


def pitches(x: Value, y: Value) -> tuple[int, int]:
    """Bytes from one image to the next."""
    return x.root.pitch * 4, y.root.pitch * 4


def images_apart(apart: tuple[int, int] | None) -> dict[str, int]:
    """These as the constants of a kernel in shares; nothing for another."""
    return {} if apart is None else {"x_image": apart[0], "y_image": apart[1]}


def of_strip(step: Step, at: Argument, x: Value, width: int) -> Argument:
    """In a region of strips each part sees the weights of its inputs, with `width` numbers for each."""
    return (*at[:4], x.size * width * 4, at[5]) if step.strips else at


class Arrays(ABC):
    """The memory that all programs of a model share, room by room. What a room is knows whoever gives it; there need be no
    NumPy."""

    def __init__(self, plan: Plan) -> None:
        batch = plan.batch
        self.weights = self.room(plan.room.weights)
        self.gradients = self.room(plan.room.by_chunk * plan.copies)
        self.deferred = self.room(plan.room.deferred)
        trained = sum(p.layout.size for p in plan.trained)
        self.states = {name: self.room(trained) for name in plan.optimizer.states}
        self.state_offsets: dict[str, int] = {}
        offset = 0
        for parameter in plan.trained:
            self.state_offsets[parameter.name] = offset
            offset += parameter.layout.size
        self.control = self.room(slots.SLOTS, "int64")
        self.figures = self.room(slots.SLOTS, "float64")
        exits = max(plan.training.exits, 1)
        outputs = [plan.net.report.shape(o.node) for o in plan.net.outputs]
        self.positions = max(prod(output[:-1]) for output in outputs)
        self.answers = (exits, batch, self.positions)
        """Side exits and output, images, and answers for each of them."""
        self.losses = self.room(exits * batch, "float64")
        self.hits = self.room(exits * batch * self.positions, "int64")
        self.table_size = 2 * max(output[-1] for output in outputs)
        self.table = self.put([1.0] * self.table_size, "float32")

    @abstractmethod
    def room(self, count: int, kind: str = "float32") -> Any:
        """Memory that kernels work in: so many numbers, zero."""

    @abstractmethod
    def put(self, values: Sequence[float], kind: str) -> Any:
        """A room with these numbers in it."""

    @abstractmethod
    def copies(self, copied: Copied, layout: FilterByFilter) -> Any:
        """A room with the places that weights are copied from (see Copied.table)."""

    @abstractmethod
    def address(self, room: Any) -> int:
        """Where kernels find it."""

    @abstractmethod
    def compiled(self, kernels: Sequence[Kernel]) -> list[int]:
        """By what the driver calls each of them."""


@dataclass
class Bound:
    """A program ready to run: rows of numbers for the driver, regions, segments, operations and their arguments (see
    driver.py)."""

    plan: Plan
    arrays: Arrays
    tables: tuple[list[Any], ...]
    keep: list[Any]
    names: list[str]


_SEGMENTS = {
    "start": tables.SEGMENT_START,
    "image": tables.SEGMENT_IMAGE,
    "each": tables.SEGMENT_IMAGE,
    "block": tables.SEGMENT_BLOCK,
}
_REGIONS = {
    "chunks": tables.REGION_CHUNKS,
    "strips": tables.REGION_STRIPS,
    "serial": tables.REGION_SERIAL,
    "tasks": tables.REGION_TASKS,
    "shares": tables.REGION_SHARES,
}

BINDINGS: dict[str, Callable[[Binder, Step], None]] = {}


binding = registering(BINDINGS)
"""For what a kind of step becomes on a CPU."""


class Binder:
    """Collects the operations of one program."""

    def __init__(self, plan: Plan, program: Program, arrays: Arrays) -> None:
        self.plan = plan
        self.program = program
        self.arrays = arrays
        self.target = plan.target
        self.block = arrays.room(program.block_bytes * plan.target.threads // 4)
        self.batch = arrays.room(program.batch_bytes // 4)
        self.extra = arrays.room(program.extra_bytes // 8, "float64")
        self.operations: list[tuple[int, ...]] = []
        self.arguments: list[Argument] = []
        self.keep: list[Any] = [self.block, self.batch, self.extra]
        self.kernels: list[Kernel] = []
        """Of each operation."""
        self.segments: list[tuple[int, int, int]] = []
        self.regions: list[tuple[int, int, int, int, int]] = []
        """See `driver.run`."""
        self.scope = "image"
        self.together = plan.block
        """Images in a block of the region that is being bound."""

    # addresses

    def at(self, value: Value, element: int = 0) -> Argument:
        """Address of an element of a value, counted from the corner of its frame."""
        root = value.root
        place, pitch = (root.offset + element) * 4, root.pitch * 4
        part = value.part * 4 if isinstance(value, Strip) else 0
        if root.home == "batch":  # interleaved images begin where the first of their block does
            slot = 4 - pitch if root.interleaved else 0
            return (self.arrays.address(self.batch) + place, pitch, slot, 0, part, 0)
        slot = 4 if root.interleaved else 0 if root.single else pitch
        return (self.arrays.address(self.block) + place, 0, slot, self.program.block_bytes, part, 0)

    def inside(self, value: Value) -> tuple[Argument, Strided]:
        """A value without its frame."""
        return self.at(value, value.origin), self._layout(value, value.shape)

    def whole(self, value: Value) -> tuple[Argument, Strided]:
        """A value with its frame."""
        sizes = tuple(n + sum(f) for n, f in zip(value.shape, [*value.frame, [0, 0]], strict=True))
        return self.at(value), self._layout(value, sizes)

    def reaching(self, value: Value, before: Sequence[int]) -> tuple[Argument, Strided]:
        """A value from the place where the first window begins; sizes are not told."""
        element = value.origin - sum(b * s for b, s in zip(before, value.strides, strict=False))
        return self.at(value, element), self._layout(value, value.shape)

    def rows(self, *values: Value) -> list[tuple[Argument, Strided]]:
        """Values of one shape, for what is done to each number alike: in rows as long as they go."""
        layouts = [self.inside(v) for v in values]
        d, h, w, c = layouts[0][1].shape
        if any(s[1].strides[3] != 1 for s in layouts):
            return layouts
        sizes = (d, h, 1, w * c) if any(v.framed for v in values) else (1, 1, 1, d * h * w * c)
        return [(at, Strided(sizes, (x.strides[0], x.strides[1], x.strides[1], 1))) for at, x in layouts]

    def _layout(self, value: Value, sizes: Sequence[int]) -> Strided:
        """Steps for whole blocks see the images of an interleaved value as more channels."""
        d, h, w, c = sizes
        if value.interleaved and self.scope == "block":
            return Strided((d, h, w, c * value.interleaved), (*value.strides[:3], 1))
        return Strided((d, h, w, c), value.strides)

    def weight(self, parameter: Parameter, element: int = 0) -> int:
        return self.arrays.address(self.arrays.weights) + (parameter.place.offset + element) * 4

    def pack(self, parameter: Parameter, name: str, element: int = 0) -> int:
        return self.arrays.address(self.arrays.weights) + (parameter.place.pack_offsets[name] + element) * 4

    def filters(self, parameter: Parameter) -> tuple[Filters, int]:
        """Filters in the order of the way forward, and their address."""
        if isinstance(parameter.layout, Filters):
            return parameter.layout, self.weight(parameter)
        return parameter.packs["forward"].filters, self.pack(parameter, "forward")

    def gradient(self, parameter: Parameter) -> Argument:
        """Where a parameter's gradient is summed: by chunk, or for all images at once."""
        if parameter.place.deferred:
            return number(self.arrays.address(self.arrays.deferred) + parameter.place.gradient_offset * 4)
        base = self.arrays.address(self.arrays.gradients) + parameter.place.gradient_offset * 4
        return (base, 0, 0, 0, self.plan.room.by_chunk * 4, 0)

    def vector(self, parameter: Parameter | None) -> tuple[Argument, Strided]:
        """A parameter as one row of floats; any memory where there is none."""
        if parameter is None:
            return number(self.arrays.address(self.arrays.weights)), Strided((1,), (1,))
        return number(self.weight(parameter)), Strided((parameter.layout.size,), (1,))

    def gradient_vector(self, parameter: Parameter | None) -> tuple[Argument, Strided]:
        if parameter is None or not parameter.trainable:
            return number(self.arrays.address(self.arrays.weights)), Strided((1,), (1,))
        return self.gradient(parameter), Strided((parameter.layout.size,), (1,))

    def statistics(self, op: Op) -> int:
        """Where the sums of a batch normalisation are."""
        return self.arrays.address(self.extra) + self.program.statistics[op]

    def coefficients(self, op: Op) -> int:
        """Where the factors of its channels are, and behind them the shifts."""
        return self.statistics(op) + CHUNKS * 24 * op.output.shape[3]

    def behind(self, step: Step) -> tuple[Argument | None, int | None]:
        """What a product adds to its sums: a bias, if there is one; or, and how many bytes behind each other, the factors and
        shifts of a normalisation."""
        if (op := step.settings.get("op")) is not None:
            return number(self.coefficients(op)), op.output.shape[3] * 4
        bias = step.weights.get("bias")
        return None if bias is None else number(self.weight(bias)), None

    @property
    def share(self) -> dict[str, Argument]:
        """What the kernel of a step in shares is told besides: which one it does, of how many, and the images."""
        return {"task": PART, "tasks": number(self.plan.tasks), "count": COUNT}

    @property
    def control(self) -> tuple[Argument, Strided]:
        return number(self.arrays.address(self.arrays.control)), Strided((slots.SLOTS,), (1,))

    @property
    def figures(self) -> tuple[Argument, Strided]:
        return number(self.arrays.address(self.arrays.figures)), Strided((slots.SLOTS,), (1,))

    # operations

    def emit(self, function: Callable[..., Any], given: dict[str, Any], **constants: Any) -> None:
        """Adds a call. `given` are the arguments in order: an address, a number, or an (address, layout) pair."""
        layouts = tuple((name, a[1]) for name, a in given.items() if isinstance(a[1], Strided))
        self.kernels.append(Kernel(function, layouts, tuple(constants.items())))
        self.operations.append((0, len(self.arguments), len(given)))
        self.arguments += [a[0] if isinstance(a[1], Strided) else a for a in given.values()]

    def steps(self, region: Region, first: Callable[[Binder], None] | None = None) -> None:
        """Adds a region; `first` adds what every chunk begins with."""
        first_segment = len(self.segments)
        self.together = region.block
        if first is not None:
            self._segment("start", lambda: first(self))
        scope = None
        for step in region.steps:
            if step.scope != scope:
                scope = self.scope = step.scope
                self._segment(scope, lambda: None)
            BINDINGS[step.kind](self, step)
            self.segments[-1] = (*self.segments[-1][:2], len(self.operations))
        self._region(region.kind, first_segment, region.strips, region.block)

    def extra_region(self, kind: str, add: Callable[[Binder], None]) -> None:
        """Adds a region of what stands in no step of the plan."""
        first_segment, first = len(self.segments), len(self.operations)
        self._segment("task", lambda: add(self))
        if len(self.operations) > first:
            self._region(kind, first_segment)
        else:
            self.segments.pop()

    def _region(self, kind: str, first_segment: int, strips: int = 0, block: int = 0) -> None:
        tasks = self.plan.tasks
        parts = {"chunks": self.plan.chunks, "strips": strips, "serial": 1, "tasks": tasks, "shares": tasks}[kind]
        self.regions.append((_REGIONS[kind], first_segment, len(self.segments), parts, block))

    def bound(self) -> Bound:
        at = self.arrays.compiled(self.kernels)
        self.operations = [(address, *rest) for address, (_, *rest) in zip(at, self.operations, strict=True)]
        made = (self.regions, self.segments, self.operations, self.arguments)
        return Bound(self.plan, self.arrays, made, self.keep, [k.function.__name__ for k in self.kernels])

    def _segment(self, scope: str, add: Callable[[], None]) -> None:
        first = len(self.operations)
        add()
        self.segments.append((_SEGMENTS.get(scope, tables.SEGMENT_BLOCK), first, len(self.operations)))
