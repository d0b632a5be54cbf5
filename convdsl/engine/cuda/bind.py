"""From a program to a list of launches: every step finds its kernels, their constants and addresses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Protocol

import numpy as np

from convdsl.engine import slots
from convdsl.engine.cuda.translate import arguments_of, translate
from convdsl.engine.errors import EngineError
from convdsl.engine.partial import Strided
from convdsl.engine.plan import Parameter, Plan, Program, Step, Value
from convdsl.messages import T
from convdsl.registering import registering

COUNT = "count"
"""Stands for the number of images among a launch's arguments."""

Given = tuple[int, Strided]
"""Where an argument of a kernel lies, and how."""

FLAT = Strided((1,), (1,))

MOST_NUMBERS = 1 << 32
"""Numbers of one value in a batch that kernels can count: they divide as 32-bit numbers."""


class Device(Protocol):
    """What the backend needs of a GPU. Addresses are whole numbers."""

    capability: tuple[int, int]
    blas: bool
    """Whether there is a library for products of plain matrices."""

    def allocate(self, size: int) -> int:
        """Address of so many bytes, all zero."""

    def free_memory(self) -> int:
        """Bytes that are free."""

    def upload(self, address: int, array: np.ndarray) -> None: ...

    def download(self, address: int, array: np.ndarray) -> None: ...

    def fill_zero(self, address: int, size: int) -> None: ...

    def prepare(self, launches: Sequence[Work]) -> None:
        """Compiles what is not compiled yet."""

    def release(self, programs: Sequence[Sequence[Work]], addresses: Sequence[int]) -> None:
        """Takes memory back; the programs, which may use it, will not run any more."""

    def run(self, launches: Sequence[Work], count: int) -> None:
        """Runs the launches one after another for `count` images."""


@dataclass(frozen=True)
class Launch:
    """One kernel call: `blocks` along x are a number, or (threads for each image, threads of a block)."""

    text: str
    name: str
    threads: int
    blocks: tuple[Any, int, int]
    arguments: tuple[Any, ...]

    def grid(self, count: int) -> tuple[int, int, int]:
        x, y, z = self.blocks
        return (-(-count * x[0] // x[1]) if isinstance(x, tuple) else x), y, z

    def values(self, count: int) -> tuple[int, ...]:
        return tuple(count if a == COUNT else a for a in self.arguments)


@dataclass(frozen=True)
class Gemm:
    """c[m, n] (+)= a[m, k]·b[k, n] by the library: addresses, elements from a row to the next, and whether a or b lies
    turned, as [k, m] or [n, k]. A size may be COUNT."""

    shape: tuple[Any, Any, Any]
    a: int
    a_row: int
    a_turned: bool
    b: int
    b_row: int
    b_turned: bool
    c: int
    c_row: int
    add: bool = False

    def sizes(self, count: int) -> tuple[int, ...]:
        return tuple(count if n == COUNT else n for n in self.shape)


Work = Launch | Gemm


@dataclass
class Arrays:
    """What all programs of a model share on the device, by address."""

    plan: Plan
    device: Device
    states: dict[str, int] = field(default_factory=dict)
    state_offsets: dict[str, int] = field(default_factory=dict)
    owned: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        plan, batch = self.plan, self.plan.batch
        self.weights = self.allocate(plan.room.weights * 4)
        self.gradients = self.allocate((plan.room.by_chunk + plan.room.deferred) * 4)
        trained = 0
        for parameter in plan.trained:
            self.state_offsets[parameter.name] = trained
            trained += parameter.layout.size
        self.states = {name: self.allocate(trained * 4) for name in plan.optimizer.states}
        self.state_bytes = trained * 4
        self.control = self.allocate(2 * slots.SLOTS * 8)
        self.figures = self.control + slots.SLOTS * 8
        self.exits = max(plan.training.exits, 1)
        shapes = [plan.net.report.shape(n) for n in range(len(plan.net.nodes) + 1)]
        sizes = [prod(shape[:-1]) for shape in shapes]
        outputs = [o.node for o in plan.net.outputs]
        self.positions = max(sizes[node] for node in outputs)
        self.stride = batch * max(sizes)
        self.losses = self.allocate(self.exits * self.stride * 4)
        self.hits = self.allocate(self.exits * self.stride * 4)
        ones = np.ones(2 * max(int(shapes[node][-1]) for node in outputs), np.float32)
        self.table = self.allocate(ones.nbytes)
        self.device.upload(self.table, ones)

    def allocate(self, size: int) -> int:
        address = self.device.allocate(max(size, 16))
        self.owned.append((address, size))
        return address

    def gradient_element(self, parameter: Parameter) -> int:
        """Where a parameter's summed gradient begins."""
        return parameter.place.gradient_offset + (self.plan.room.by_chunk if parameter.place.deferred else 0)


BINDINGS: dict[str, Callable[[Binder, Step], None]] = {}


binding = registering(BINDINGS)
"""For what a kind of step becomes on a GPU."""


class Binder:
    """Collects the launches of one program."""

    def __init__(self, plan: Plan, program: Program, arrays: Arrays) -> None:
        self.plan, self.program, self.arrays = plan, program, arrays
        largest = max(v.root.pitch for v in program.values) * plan.batch
        if largest >= MOST_NUMBERS:
            raise EngineError(str(T("A layer's values for a batch are too many for a GPU. Take a smaller batch.")))
        self.owned: list[tuple[int, int]] = []
        self.batch = self.allocate(program.batch_bytes)
        self.launches: list[Work] = []
        self.parts: dict[str, tuple[int, int]] = {}
        """For each trained parameter, where the partial sums of its gradient are, and how many."""
        self.coefficients: dict[int, int] = {}

    def allocate(self, size: int) -> int:
        """Address of so many bytes, all zero, that belong to this program."""
        address = self.arrays.device.allocate(max(size, 16))
        self.owned.append((address, size))
        return address

    # addresses

    def at(self, value: Value, element: int = 0) -> int:
        """Address of an element of a value's first image, counted from the corner of its frame."""
        return self.batch + (value.root.offset + element) * 4

    def inside(self, value: Value) -> Given:
        """A value [image, depth, row, column, channel] without its frame."""
        return self.at(value, value.origin), Strided((0, *value.shape), (value.root.pitch, *value.strides))

    def stretched(self, value: Value) -> Given:
        """A value whose axes of size 1 may be read at any index."""
        at, layout = self.inside(value)
        pairs = zip(value.shape, value.strides, strict=True)
        return at, Strided(layout.shape, (value.root.pitch, *(0 if n == 1 else s for n, s in pairs)))

    def reaching(self, value: Value, before: Sequence[int]) -> Given:
        """A value from the place where the first window begins."""
        element = value.origin - sum(b * s for b, s in zip(before, value.strides, strict=False))
        return self.at(value, element), self.inside(value)[1]

    def weight(self, parameter: Parameter | None) -> Given:
        """A parameter as one row of floats; any memory where there is none."""
        if parameter is None:
            return self.arrays.weights, FLAT
        return self.arrays.weights + parameter.place.offset * 4, FLAT

    def gradient(self, parameter: Parameter | None, splits: int) -> Given:
        """Room for partial sums of a parameter's gradient, [split, number]."""
        if parameter is None or not parameter.trainable:
            return self.arrays.gradients, Strided((0, 0), (0, 1))
        size = parameter.layout.size
        address = self.allocate(splits * size * 4)
        self.parts[parameter.name] = (address, splits)
        return address, Strided((splits, size), (size, 1))

    def scratch(self, *sizes: int) -> Given:
        """Room for floats that only this step uses."""
        strides = [1]
        for size in sizes[:0:-1]:
            strides.append(strides[-1] * size)
        return self.allocate(prod(sizes) * 4), Strided(sizes, tuple(strides[::-1]))

    @property
    def control(self) -> Given:
        return self.arrays.control, FLAT

    # launches

    def launch(
        self,
        function: Callable[..., Any],
        given: dict[str, Any],
        blocks: tuple[Any, int, int],
        threads: int,
        **constants: Any,
    ) -> None:
        """Adds a call. `given` are the arguments: (address, layout) or a number; the number of images goes by itself."""
        layouts = {name: a[1] for name, a in given.items() if isinstance(a, tuple)}
        text = translate(function, layouts, constants)
        names = arguments_of(function)
        unknown = set(names) - set(given) - {"count"}
        assert not unknown, f"{function.__name__} misses {unknown}"
        arguments = [COUNT if n == "count" else given[n][0] if isinstance(given[n], tuple) else given[n] for n in names]
        self.launches.append(Launch(text, function.__name__, threads, blocks, tuple(arguments)))

    def each(self, function: Callable[..., Any], shape: Sequence[int], given: dict[str, Any], **constants: Any) -> None:
        """Adds a call with a thread for each number of a value of this shape."""
        size = prod(shape)
        self.launch(function, given, ((size, 256), 1, 1), 256, shape=tuple(shape), size=size, **constants)

    def steps(self, steps: Sequence[Step]) -> None:
        for step in steps:
            BINDINGS[step.kind](self, step)
