"""Runs a plan on a GPU: the arrays of a model there, its programs as lists of launches, and what goes in and out."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from convdsl.engine import slots
from convdsl.engine.backend import Batch, Outcome
from convdsl.engine.cuda import driver
from convdsl.engine.cuda.bind import Arrays, Binder, Device
from convdsl.engine.cuda.bindings import bind_inference, bind_training
from convdsl.engine.cuda.staging import Staging
from convdsl.engine.plan import Memory, Parameter, Plan, Target
from convdsl.engine.plan.values import GPU


class CudaBackend:
    device = "cuda"
    threads = 1

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._device: Device = driver.open_device()
        self._arrays = Arrays(plan, self._device)
        self.positions = self._arrays.positions
        self._bound: dict[Any, Binder] = {}
        self._lock = threading.Lock()
        self._staging = Staging(self._device)
        self._told = np.zeros(2 * slots.SLOTS, np.int64)
        self._figures = self._told[slots.SLOTS :].view(np.float64)
        self._count = 0
        release = weakref.finalize(self, _release, self._device, self._arrays, self._bound, self._staging)
        release.atexit = False  # the driver takes all back then

    @staticmethod
    def target(threads: int | None) -> Target:
        return GPU

    @staticmethod
    def free_memory() -> int | None:
        return driver.open_device().free_memory()

    @property
    def memory(self) -> Memory:
        """With the partial sums of gradients and all else that bound programs have taken."""
        weights, gradients, optimizer, activations = self.plan.memory
        programs = sum(size for binder in self._bound.values() for _, size in binder.owned)
        return Memory(weights, gradients, optimizer, max(activations, programs))

    # weights and what belongs to them

    def weights(self, parameter: Parameter) -> np.ndarray:
        return self._read(self._arrays.weights + parameter.place.offset * 4, parameter)

    def set_weights(self, arrays: Mapping[str, np.ndarray]) -> None:
        for name, array in arrays.items():
            self._device.upload(self._arrays.weights + self.plan.parameters[name].place.offset * 4, array)

    def weigh(self, table: np.ndarray) -> None:
        self._device.upload(self._arrays.table, np.ascontiguousarray(table, np.float32))

    def gradient(self, parameter: Parameter) -> np.ndarray:
        return self._read(self._arrays.gradients + self._arrays.gradient_element(parameter) * 4, parameter)

    def state(self, name: str, parameter: Parameter) -> np.ndarray:
        return self._read(self._state(name, parameter), parameter)

    def set_state(self, name: str, parameter: Parameter, array: np.ndarray) -> None:
        self._device.upload(self._state(name, parameter), array)

    def forget(self) -> None:
        for address in self._arrays.states.values():
            self._device.fill_zero(address, self._arrays.state_bytes)

    def _state(self, name: str, parameter: Parameter) -> int:
        return self._arrays.states[name] + self._arrays.state_offsets[parameter.name] * 4

    def _read(self, address: int, parameter: Parameter) -> np.ndarray:
        result = np.empty(parameter.layout.size, np.float32)
        self._device.download(address, result)
        return result

    # running

    def train(self, batch: Batch, lr: float, step: int, seed: int, update: bool) -> Outcome:
        o = self.plan.optimizer
        figures = self._figures
        figures[slots.RATE], figures[slots.STEP], figures[slots.UPDATES] = lr, step, 1.0 if update else 0.0
        figures[slots.ADAM_RATE] = lr / (1.0 - o.beta1**step)
        figures[slots.ADAM_ROOT] = 1.0 / np.sqrt(1.0 - o.beta2**step)
        figures[slots.SHRINK] = 1.0 - lr * o.weight_decay
        self._told[slots.SEED] = seed
        return self._run("train", batch, None)

    def infer(self, upto: int | None, batch: Batch, out: np.ndarray | None) -> Outcome:
        return self._run("predict" if upto is None else upto, batch, out)

    def hits(self, count: int) -> np.ndarray:
        result = np.empty((count, self.positions), np.int32)
        self._device.download(self._arrays.hits, result)
        return result

    def hold(self, *arrays: Any) -> None:
        self._staging.hold(*arrays)

    def augmenter(self, changes: Any, shape: tuple[int, ...], seed: int) -> Any:
        from convdsl.engine.cuda.augment import DeviceAugmenter

        return DeviceAugmenter(changes, shape, self.plan.batch, seed, self._device, self._staging)

    def repeat(self) -> None:
        """Queues the last step of training once more, without waiting for it or for what came before (to measure)."""
        self._device.run(self._bound["train"].launches, self._count)

    def wait(self) -> None:
        """Until all that was queued is done."""
        self._device.download(self._arrays.figures, np.empty(1, np.float64))

    def _run(self, what: Any, batch: Batch, out: np.ndarray | None) -> Outcome:
        with self._lock:
            binder = self._program(what)
            self._count = batch.count
            told = self._told
            told[slots.IMAGES], told[slots.INDEX], told[slots.BYTES], told[slots.LABELS] = self._staging.bring(batch)
            self._figures[slots.WEIGHT] = batch.weight
            told[slots.OUT] = 0 if out is None else self._staging.room("out", out.nbytes)
            self._device.upload(self._arrays.control, told)
            self._device.run(binder.launches, batch.count)
            if out is not None:
                self._device.download(int(told[slots.OUT]), out)
            figures = np.empty(slots.FINITE + 1, np.float64)
            self._device.download(self._arrays.figures, figures)
        return Outcome(float(figures[slots.LOSS]), int(figures[slots.RIGHT]), bool(figures[slots.FINITE] != 0.0))

    def _program(self, what: Any) -> Binder:
        """The launches of a program, bound when they are first wanted. Of those for single layers one is kept."""
        if what not in self._bound:
            for other in [w for w in self._bound if w not in ("train", "predict")]:
                gone = self._bound.pop(other)
                self._device.release([gone.launches], [address for address, _ in gone.owned])
            if what == "train":
                binder = bind_training(self.plan, self._arrays)
            else:
                program = self.plan.inference if what == "predict" else self.plan.inference_upto(what)
                binder = bind_inference(self.plan, program, self._arrays)
            self._device.prepare(binder.launches)
            self._bound[what] = binder
        return self._bound[what]


def _release(device: Device, arrays: Arrays, bound: dict[Any, Binder], staging: Staging) -> None:
    """Gives all memory back when a model is gone."""
    owned = [*arrays.owned, *(pair for binder in bound.values() for pair in binder.owned)]
    programs = [binder.launches for binder in bound.values()]
    device.release(programs, [*(address for address, _ in owned), *staging.addresses()])
