"""What a backend does with the arrays that a bound plan works on, wherever its kernels run: machine code or WebAssembly."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from convdsl.engine import slots
from convdsl.engine.backend import Batch, Outcome
from convdsl.engine.cpu.arrays import NumpyArrays
from convdsl.engine.plan import Memory, Parameter, Plan


class Running(ABC):
    """Weights, gradients and states are views into the arrays; a backend says how a batch is told and a program run."""

    def __init__(self, plan: Plan, arrays: NumpyArrays) -> None:
        self.plan = plan
        self._arrays = arrays
        self.positions = arrays.positions

    @abstractmethod
    def _tell(self, batch: Batch, out: np.ndarray | None) -> Any:
        """Notes where a batch is, and where results go."""

    @abstractmethod
    def _run(self, what: Any, count: int) -> Outcome:
        """Runs a program (see `bindings.bind`) over so many images."""

    def _forward(self, upto: int | None, count: int) -> Any:
        """The name of the program for so many images."""
        if upto is not None:
            return upto
        return "few" if self.plan.inference_of(count) is self.plan.few else "predict"

    @property
    def memory(self) -> Memory:
        return self.plan.memory

    def weights(self, parameter: Parameter) -> np.ndarray:
        return self._arrays.weights[parameter.place.offset : parameter.place.offset + parameter.layout.size]

    def set_weights(self, arrays: Mapping[str, np.ndarray]) -> None:
        for name, array in arrays.items():
            self.weights(self.plan.parameters[name])[:] = array
        if any(p.packs for p in self.plan.packed):
            self._run("rearrange", 1)

    def weigh(self, table: np.ndarray) -> None:
        self._arrays.table[: table.size] = table

    def gradient(self, parameter: Parameter) -> np.ndarray:
        source = self._arrays.deferred if parameter.place.deferred else self._arrays.gradients
        return source[parameter.place.gradient_offset : parameter.place.gradient_offset + parameter.layout.size]

    def state(self, name: str, parameter: Parameter) -> np.ndarray:
        start = self._arrays.state_offsets[parameter.name]
        return self._arrays.states[name][start : start + parameter.layout.size]

    def set_state(self, name: str, parameter: Parameter, array: np.ndarray) -> None:
        self.state(name, parameter)[:] = array

    def forget(self) -> None:
        for state in self._arrays.states.values():
            state[:] = 0

    def train(self, batch: Batch, lr: float, step: int, seed: int, update: bool) -> Outcome:
        self._tell(batch, None)
        self._arrays.control[slots.SEED] = seed
        self._arrays.figures[slots.RATE] = lr
        self._arrays.figures[slots.STEP] = step
        self._arrays.figures[slots.UPDATES] = 1.0 if update else 0.0
        return self._run("train", batch.count)

    def hits(self, count: int) -> np.ndarray:
        return self._arrays.hits[: count * self.positions].reshape(count, self.positions)
