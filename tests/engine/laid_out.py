"""A plan run as a device would run it, in NumPy and float64: nothing is compiled, and every rewrite is in it.

The interpreter of convdsl/engine/plain/ takes each step for the whole batch and gives every value an array of its own. Here
values lie where the plan has put them: in one memory for a block of images and one for the batch, at their offsets, with
their frames, interleaved or not, a strip as a part of another. Images come in the plan's chunks and blocks, steps in their
scopes. What a step computes is the same function there and here; those that only rewrites make stand in joined.py.

Memory begins as NaN, and so does what a step is about to write: whoever reads what nobody has written, or what lies in the
same place as something that is still wanted, gets a number that is none.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from convdsl.engine.backend import Batch
from convdsl.engine.plain.backend import PlainBackend, Run
from convdsl.engine.plan import Program, Region, Step, Value
from convdsl.engine.plan.memory import SLACK
from convdsl.engine.plan.values import Strip, Window
from tests.engine.joined import STEPS

Array = Any


class LaidOut(PlainBackend):
    """Runs any plan, of whatever target; one worker, in float64. For cross-entropy over one class for each image."""

    dtype = np.float64

    def _run(self, program: Program, batch: Batch, seed: int, out: Array | None) -> Laid:
        run = Laid(self, batch, seed, out, program)
        run.program(program)
        return run

    def train(self, batch: Batch, lr: float, step: int, seed: int, update: bool) -> Any:
        self._gradients = {p: np.zeros(p.shape) for p in self.plan.packed if p.trainable}
        run = self._run(self.plan.training, batch, seed, None)
        for owner, again in self.plan.again:
            if owner.trainable:
                self._gradients[owner] += self._gradients[again]
        return self._outcome(run)

    def infer(self, upto: int | None, batch: Batch, out: Array | None) -> Any:
        program = self.plan.inference_of(batch.count) if upto is None else self.plan.inference_upto(upto)
        return self._outcome(self._run(program, batch, 0, out))

    def fill(self, weights: dict[str, Array]) -> None:
        """Takes weights as they are, in the public layout."""
        for name, parameter in self.plan.parameters.items():
            self._weights[parameter][...] = weights[name]

    def gradients(self) -> dict[str, Array]:
        return {p.name: self._gradients[p] for p in self.plan.trained}


class Laid(Run):
    """One pass, with the memory that the plan asks for."""

    _backend: LaidOut

    def __init__(self, backend: LaidOut, batch: Batch, seed: int, out: Array | None, program: Program) -> None:
        super().__init__(backend, batch, seed, out)
        self.plan = backend.plan
        self.block = np.full(program.block_bytes // 4 + SLACK, np.nan)
        self.far = np.full(program.batch_bytes // 4 + SLACK, np.nan)
        self.values = _Places(self)  # type: ignore[assignment]
        self.count = batch.count
        """Images that are being taken at once: one, a block, or all."""
        self.slot = self.part = 0
        self.sums: dict[Any, list[Any]] = {}
        """What batch normalisations have met so far, by chunk; see joined.py."""
        self._known: dict[Value, _Geometry] = {}
        most = max(region.block for region in program.regions)
        for root in program.values:
            if root.framed and not root.shared:  # these zeros are never lost
                far = root.home == "batch"
                images = batch.count + most if far else 1 if root.single else most
                (self.far if far else self.block)[root.offset : root.offset + images * root.pitch] = 0

    # the order in which steps are done

    def program(self, program: Program) -> None:
        with np.errstate(all="ignore"):
            for region in program.regions:
                {"chunks": self._chunks, "strips": self._strips}.get(region.kind, self._whole)(region)

    def _whole(self, region: Region) -> None:
        for step in region.steps:
            self._at(0, 0, self.batch.count)
            self._do(step)

    def _chunks(self, region: Region) -> None:
        for part, begin in enumerate(range(0, self.batch.count, self.plan.chunk)):
            self._images(region, part, begin, min(begin + self.plan.chunk, self.batch.count))

    def _strips(self, region: Region) -> None:
        for part in range(region.strips):
            self._images(region, part, 0, self.batch.count)

    def _images(self, region: Region, part: int, begin: int, end: int) -> None:
        self.part = part
        runs = _runs(region.steps)
        for scope, steps in runs:
            if scope == "start":
                for step in steps:
                    self._at(begin, 0, 0)
                    self._do(step)
        for first in range(begin, end, region.block):
            count = min(region.block, end - first)
            for scope, steps in runs:
                if scope in ("image", "each"):
                    for slot in range(count):
                        for step in steps:
                            self._at(first + slot, slot, 1)
                            self._do(step)
                elif scope == "block":
                    for step in steps:
                        self._at(first, 0, count)
                        self._do(step)

    def _at(self, first: int, slot: int, count: int) -> None:
        self.first, self.slot, self.count = first, slot, count

    def _do(self, step: Step) -> None:
        self.step = step
        read = {value.root for value in step.reads.values()}
        for value in step.writes.values():
            if not (value.root in read or step.settings.get("add") or step.kind in ("copy", "clear", "frame")):
                self.view(value)[...] = np.nan
        result = STEPS[step.kind](self, step, **{role: self.view(value) for role, value in step.reads.items()})
        if result is not None and step.writes:
            into = self.view(next(iter(step.writes.values())))
            into[...] = into + result if step.settings.get("add") else result

    # where values lie

    def view(self, value: Value) -> Array:
        """[image, depth, row, column, channel] without the frame."""
        return self._array(value, self._geometry(value).origin, value.shape)

    def reached(self, value: Value, window: Window) -> Array:
        """All that a window goes over, from where it stands first; out of the frame, where it reaches so far."""
        axes = zip(window.k, window.s, window.d, window.output, strict=True)
        sizes = ((o - 1) * s + d * (k - 1) + 1 for k, s, d, o in axes)
        return self._array(value, self._begin(value, window), (*sizes, value.shape[3]))

    def around(self, value: Value) -> Array:
        """A value with its frame."""
        return self._array(value, 0, self._geometry(value).whole)

    def flat(self, value: Value, window: Window) -> Array:
        """The memory of one image's value, from where a window stands first."""
        memory, base, _ = self._place(value)
        return memory[base + self._begin(value, window) : base + self._geometry(value).pitch]

    def _begin(self, value: Value, window: Window) -> int:
        lies = self._geometry(value)
        return lies.origin - sum(b * s for b, s in zip(window.before, lies.strides, strict=False))

    def _geometry(self, value: Value) -> _Geometry:
        if value not in self._known:
            whole = tuple(n + sum(f) for n, f in zip(value.shape, [*value.frame, [0, 0]], strict=True))
            self._known[value] = _Geometry(value.root, value.root.pitch, value.origin, value.strides, whole)
        return self._known[value]

    def _place(self, value: Value) -> tuple[Array, int, int]:
        """A memory, where in it the corner of the first image's frame is, and from there to the next image."""
        root, pitch = self._geometry(value)[:2]
        base = root.offset + (value.part * self.part if isinstance(value, Strip) else 0)
        if root.home == "batch":
            begun = self.first * pitch + (self.slot * (1 - pitch) if root.interleaved else 0)
            return self.far, base + begun, 1 if root.interleaved else pitch
        step = 1 if root.interleaved else 0 if root.single else pitch
        return self.block, base + self.slot * step, step

    def _array(self, value: Value, element: int, shape: Any) -> Array:
        """Where a value is interleaved, steps for a block take all lanes."""
        count = value.interleaved if value.interleaved and self.step.scope == "block" else self.count
        memory, base, step = self._place(value)
        if value is self.step.writes.get("scratch"):
            count = 1  # it is a worker's, not an image's
        if count > 1 and not step:
            raise AssertionError(f"{value.name} has one place, and {self.step.kind} takes {count} images")
        strides = tuple(8 * s for s in (step, *self._geometry(value).strides))
        return np.ndarray((count, *shape), memory.dtype, memory, 8 * (base + element), strides)

    def clear(self, root: Value) -> None:
        """Zeros all around a value."""
        inside = self.view(root).copy()
        self.around(root)[...] = 0
        self.view(root)[...] = inside

    # what steps ask for

    def chosen(self, array: Array) -> Array:
        return super().chosen(array)[self.first : self.first + self.count]

    def counts(self, step: Step, weighed: Array, answers: Array) -> Array:
        return np.full(answers.shape, 1 / (prod(answers.shape[1:]) * self.batch.count))

    def zeros(self, value: Value) -> Array:
        return np.zeros((self.count, *value.shape))


class _Geometry(NamedTuple):
    """What a value's place is computed from, in numbers."""

    root: Value
    pitch: int
    origin: int
    strides: tuple[int, ...]
    whole: tuple[int, ...]


class _Places:
    """The values of a run, by what they are: looked up and set in its memory."""

    def __init__(self, run: Laid) -> None:
        self._run = run

    def __getitem__(self, value: Value) -> Array:
        return self._run.view(value)

    get = __getitem__

    def __setitem__(self, value: Value, array: Array) -> None:
        self._run.view(value)[...] = array


def _runs(steps: list[Step]) -> list[tuple[str, list[Step]]]:
    """Steps of one scope that stand behind each other."""
    result: list[tuple[str, list[Step]]] = []
    for step in steps:
        if not result or result[-1][0] != step.scope:
            result.append((step.scope, []))
        result[-1][1].append(step)
    return result
