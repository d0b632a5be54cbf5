"""Runs a plan in WebAssembly, on one thread: memory of its own, modules of bound programs, and what goes in and out."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
import wasmtime

from convdsl.engine import slots
from convdsl.engine.backend import Batch, Outcome
from convdsl.engine.cpu.arrays import NumpyArrays
from convdsl.engine.cpu.bindings import bind
from convdsl.engine.cpu.running import Running
from convdsl.engine.machine import free_memory
from convdsl.engine.plan import Plan, Target
from convdsl.engine.wasm.rooms import PAGE, TARGET, WasmArrays


class Heap:
    """The memory of modules, handed out piece by piece; what is handed out is zero and never taken back."""

    def __init__(self) -> None:
        config = wasmtime.Config()
        config.wasm_simd = True
        config.cranelift_opt_level = "speed"
        self.engine = wasmtime.Engine(config)
        self.store = wasmtime.Store(self.engine)
        self.memory = wasmtime.Memory(self.store, wasmtime.MemoryType(wasmtime.Limits(2, 65536)))
        self.base = self._start()
        self._free = PAGE

    def _start(self) -> int:
        return int(ctypes.cast(self.memory.data_ptr(self.store), ctypes.c_void_p).value or 0)

    def take(self, count: int, dtype: Any = np.float32) -> np.ndarray:
        """An array at a multiple of 64 bytes, with a little room behind it."""
        size = max(count, 0) * np.dtype(dtype).itemsize
        at, self._free = self._free, self._free + -(-(size + 256) // 64) * 64
        missing = self._free - self.memory.data_len(self.store)
        if missing > 0:
            self.memory.grow(self.store, -(-missing // PAGE))
            assert self._start() == self.base, "the memory was moved"
        whole = (ctypes.c_char * size).from_address(self.base + at)
        whole.owner = self.store  # the memory lives as long as someone looks into it
        return np.frombuffer(whole, np.uint8).view(dtype)

    def address(self, array: np.ndarray) -> int:
        return int(array.ctypes.data) - self.base


class HeapArrays(WasmArrays, NumpyArrays):
    def __init__(self, plan: Plan, heap: Heap) -> None:
        self.heap = heap
        super().__init__(plan)

    def room(self, count: int, kind: str = "float32") -> np.ndarray:
        return self.heap.take(count, kind)

    def address(self, room: np.ndarray) -> int:
        return self.heap.address(room)


class WasmBackend(Running):
    device = "wasm"
    threads = 1

    def __init__(self, plan: Plan) -> None:
        self._heap = Heap()
        self._arrays: HeapArrays
        super().__init__(plan, HeapArrays(plan, self._heap))
        self._bound: dict[Any, Any] = {}
        self.modules: dict[Any, bytes] = {}
        """Of each program that has run."""
        self._rooms: dict[str, np.ndarray] = {}

    @staticmethod
    def target(threads: int | None) -> Target:
        return TARGET

    @staticmethod
    def free_memory() -> int | None:
        free = free_memory()
        return None if free is None else min(free, 2**32)

    def infer(self, upto: int | None, batch: Batch, out: np.ndarray | None) -> Outcome:
        room = self._tell(batch, out)
        outcome = self._run("predict" if upto is None else upto, batch.count)
        if out is not None and room is not None:
            out.view(np.uint8).reshape(-1)[:] = room[: out.nbytes]
        return outcome

    def hold(self, *arrays: np.ndarray) -> None:
        """What a batch needs is copied each time."""

    def augmenter(self, changes: Any, shape: tuple[int, ...], seed: int) -> Any:
        from convdsl.engine.plain.augment import PlainAugmenter

        return PlainAugmenter(changes, shape, seed)

    def _tell(self, batch: Batch, out: np.ndarray | None) -> np.ndarray | None:
        """Copies the images that are meant, with what is known of them; the room for results, where some are wanted."""
        chosen = slice(None) if batch.index is None else batch.index[: batch.count]
        control = self._arrays.control
        control[slots.COUNT] = batch.count
        control[slots.INDEX] = 0
        control[slots.IMAGES] = self._copied("images", np.ascontiguousarray(batch.images[chosen]))
        control[slots.BYTES] = batch.images.dtype == np.uint8
        labels = batch.labels
        control[slots.LABELS] = 0 if labels is None else self._copied("labels", np.ascontiguousarray(labels[chosen]))
        room = None if out is None else self._room("out", out.nbytes)
        control[slots.OUT] = 0 if room is None else self._heap.address(room)
        self._arrays.figures[slots.WEIGHT] = batch.weight
        return room

    def _copied(self, name: str, array: np.ndarray) -> int:
        room = self._room(name, array.nbytes)
        room[: array.nbytes] = array.view(np.uint8).reshape(-1)
        return self._heap.address(room)

    def _room(self, name: str, size: int) -> np.ndarray:
        if name not in self._rooms or self._rooms[name].size < size:
            self._rooms[name] = self._heap.take(size, np.uint8)
        return self._rooms[name]

    def _run(self, what: Any, count: int) -> Outcome:
        if what not in self._bound:
            self._bound[what] = self._bind(what)
        figures = self._arrays.figures
        figures[slots.FINITE] = 1.0
        function, told = self._bound[what]
        function(self._heap.store, *told, self.plan.chunk, count, self._heap.address(figures))
        return Outcome(float(figures[slots.LOSS]), int(figures[slots.RIGHT]), bool(figures[slots.FINITE] != 0.0))

    def _bind(self, what: Any) -> Any:
        """The function that runs a program, and the addresses of its tables."""
        self.modules[what], told = self._arrays.module(bind(self.plan, self._arrays, what))
        return self._instance(self.modules[what]), told

    def _instance(self, code: bytes) -> Any:
        heap = self._heap
        module = wasmtime.Module(heap.engine, code)
        double = wasmtime.ValType.f64()
        log = wasmtime.Func(heap.store, wasmtime.FuncType([double], [double]), _log)
        power = wasmtime.Func(heap.store, wasmtime.FuncType([double, double], [double]), _power)
        instance = wasmtime.Instance(heap.store, module, [heap.memory, log, power])
        return instance.exports(heap.store)["run"]


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def _power(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan
