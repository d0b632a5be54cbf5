"""The memory of a model as arrays of NumPy; on the CPU, where compiled kernels find it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from convdsl.engine.alone import Threads
from convdsl.engine.cpu.bind import Arrays, Bound
from convdsl.engine.cpu.specialise import Kernel
from convdsl.engine.cpu.tables import MOST_ARGUMENTS
from convdsl.engine.plan import Plan
from convdsl.engine.plan.layouts import Copied, FilterByFilter


def aligned(count: int, kind: Any = "float32") -> np.ndarray:
    """Zeros whose address is a multiple of 64 bytes, with a little room behind them."""
    size = np.dtype(kind).itemsize
    raw = np.zeros(max(count, 0) * size + 64 + 256, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + max(count, 0) * size].view(kind)


class NumpyArrays(Arrays):
    """Rooms are arrays, whoever gives them."""

    @abstractmethod
    def room(self, count: int, kind: str = "float32") -> np.ndarray: ...

    def put(self, values: Any, kind: str) -> np.ndarray:
        room = self.room(len(values), kind)
        room[:] = values
        return room

    def copies(self, copied: Copied, layout: FilterByFilter) -> np.ndarray:
        return self.put(copied.table(layout), "int32")


class CpuArrays(NumpyArrays):
    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.rows = np.zeros((plan.target.threads, MOST_ARGUMENTS + 8), np.int64)
        """Room for the arguments of one call, for each worker, a cache line apart."""
        self.counters = self.room(8, "int64")
        self.meetings = self.room(16 * (len(plan.few.regions) + 1 if plan.few is not None else 0), "int64")
        """For each region of the program for a few images, and what is done at its end, how many parts were taken, and a cache
        line further how many are done."""

    def room(self, count: int, kind: str = "float32") -> np.ndarray:
        return aligned(count, kind)

    def address(self, room: np.ndarray) -> int:
        return int(room.ctypes.data)

    def compiled(self, kernels: Sequence[Kernel]) -> list[int]:
        from convdsl.engine.cpu import store

        return store.addresses(kernels)


class Ready:
    """A bound program, as the driver takes it."""

    def __init__(self, bound: Bound, few: bool = False) -> None:
        self.bound, self.few = bound, few
        regions, segments, operations, arguments = bound.tables
        self.tables = (table(regions, 5), table(segments, 3), table(operations, 3), table(arguments, 6))

    def run(self, images: int) -> None:
        from convdsl.engine.cpu import driver

        plan, arrays = self.bound.plan, self.bound.arrays
        assert isinstance(arrays, CpuArrays)
        run = driver.run_alone if Threads.lost else driver.run_few if self.few else driver.run
        if self.few:
            arrays.meetings[:] = 0
        rooms = (arrays.rows, arrays.meetings if self.few else arrays.counters)
        run(*self.tables, *rooms, plan.chunk, plan.target.threads, images, arrays.figures)
        Threads.used = True


def table(rows: list[Any], width: int) -> np.ndarray:
    return np.array(rows, np.int64).reshape(len(rows), width)
