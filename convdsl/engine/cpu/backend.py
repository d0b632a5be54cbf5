"""Runs a plan on the CPU: the arrays of a model, its bound programs, and what they are told before each run."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from convdsl.aside import Aside
from convdsl.engine import slots
from convdsl.engine.alone import Threads
from convdsl.engine.backend import Batch, Outcome
from convdsl.engine.cpu.arrays import CpuArrays, Ready
from convdsl.engine.cpu.bindings import bind
from convdsl.engine.cpu.running import Running
from convdsl.engine.cpu.setup import numba
from convdsl.engine.cpu.target import detect
from convdsl.engine.machine import free_memory
from convdsl.engine.plan import Plan, Target


class CpuBackend(Running):
    device = "cpu"

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan, CpuArrays(plan))
        self.threads = plan.target.threads
        self._bound: dict[Any, Ready] = {}
        self._lock = threading.Lock()
        self._kept: list[Any] = []

    @staticmethod
    def target(threads: int | None) -> Target:
        return detect(threads)

    @staticmethod
    def free_memory() -> int | None:
        return free_memory()

    def infer(self, upto: int | None, batch: Batch, out: np.ndarray | None) -> Outcome:
        self._tell(batch, out)
        return self._run(self._forward(upto, batch.count), batch.count)

    def hold(self, *arrays: np.ndarray) -> None:
        """Nothing is copied, and nothing need be done."""

    def augmenter(self, changes: Any, shape: tuple[int, ...], seed: int) -> Any:
        from convdsl.engine.cpu.augment import Augmenter

        return Augmenter(changes, shape, self.plan.batch, seed, self.threads)

    def _tell(self, batch: Batch, out: np.ndarray | None) -> None:
        """Notes the addresses of a batch; its arrays are kept until the next one."""
        control = self._arrays.control
        control[slots.COUNT] = batch.count
        control[slots.IMAGES] = batch.images.ctypes.data
        control[slots.INDEX] = 0 if batch.index is None else batch.index.ctypes.data
        control[slots.BYTES] = batch.images.dtype == np.uint8
        control[slots.LABELS] = 0 if batch.labels is None else batch.labels.ctypes.data
        control[slots.OUT] = 0 if out is None else out.ctypes.data
        self._arrays.figures[slots.WEIGHT] = batch.weight
        self._kept = [batch, out]

    def _run(self, what: Any, count: int) -> Outcome:
        figures = self._arrays.figures
        with self._lock:
            if what not in self._bound:
                self._bound[what] = Ready(bind(self.plan, self._arrays, what), what == "few")
            figures[slots.FINITE] = 1.0
            bound = self._bound[what]
            Aside.do(lambda: self._compute(bound, count))
        return Outcome(float(figures[slots.LOSS]), int(figures[slots.RIGHT]), bool(figures[slots.FINITE] != 0.0))

    def _compute(self, bound: Ready, count: int) -> None:
        if Threads.lost:
            bound.run(count)
            return
        before = numba.get_num_threads()
        numba.set_num_threads(self.threads)
        try:
            bound.run(count)
        finally:
            numba.set_num_threads(before)
