"""Programs for a host that is not here: modules, and what their memory holds before they run. Needs no NumPy.

The host makes a memory of `size` bytes, puts the `contents` into it, instantiates a module with that memory, `log` and `pow`
(as `host`), notes what a pass is told (`control` and `figures`, see engine/slots.py) and calls `run`.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

from convdsl.engine.cpu.bindings import bind
from convdsl.engine.plan import Plan
from convdsl.engine.plan.layouts import Copied, FilterByFilter
from convdsl.engine.wasm.rooms import PAGE, WasmArrays

_CODES = {"float32": "f", "float64": "d", "int32": "i", "int64": "q"}


class CountedArrays(WasmArrays):
    """Rooms are addresses; what is put into them is noted."""

    def __init__(self, plan: Plan) -> None:
        self.free = PAGE
        self.contents: list[tuple[int, bytes]] = []
        super().__init__(plan)

    def room(self, count: int, kind: str = "float32") -> int:
        size = max(count, 0) * array(_CODES[kind]).itemsize
        at, self.free = self.free, self.free + -(-(size + 256) // 64) * 64
        return at

    def put(self, values: Sequence[float], kind: str) -> int:
        at = self.room(len(values), kind)
        self.contents.append((at, array(_CODES[kind], values).tobytes()))
        return at

    def copies(self, copied: Copied, layout: FilterByFilter) -> int:
        table = array("i", [-1]) * copied.size
        for to, source in zip(copied.filters.places(), layout.places(), strict=True):
            table[to] = source
        return self.put(table, "int32")

    def address(self, room: int) -> int:
        return room


class Portable(NamedTuple):
    """A program: its module, and all that its `run` takes but the number of images, which stands at `COUNT`."""

    module: bytes
    told: list[int]


COUNT = 7


def portable(plan: Plan, arrays: CountedArrays, what: Any) -> Portable:
    """One of the plan's programs (see `bind`)."""
    module, told = arrays.module(bind(plan, arrays, what))
    return Portable(module, [*told, plan.chunk, 0, arrays.figures])
